#include "services/content/cached_post_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/status.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::content {
namespace {

// What a batch may take: as long as the shortest of the callers' own waits.
constexpr absl::Duration kBatchTime = absl::Seconds(1);

absl::Status NotFound() {
  return Error(absl::StatusCode::kNotFound, "POST_NOT_FOUND", "there is no such post");
}

size_t BytesOf(const PostSummary& post) {
  return sizeof(post) + post.title.size() + post.lede.size() + post.channel.description.size() +
         post.author.bio.size() + post.topics.size() * sizeof(Topic);
}

}  // namespace

// Versions get an eighth of the bytes, summaries a quarter, texts the rest.
CachedPostStore::CachedPostStore(PostStore& stored, size_t max_bytes, absl::Duration lease,
                                 Clock& clock)
    : stored_(stored),
      lease_(lease),
      clock_(clock),
      versions_([this](const std::vector<PostId>& ids) { return PresentOfAll(ids); }),
      held_(max_bytes / 8),
      summaries_(max_bytes / 4),
      texts_(max_bytes - max_bytes / 4 - max_bytes / 8) {}

absl::StatusOr<PostSummary> CachedPostStore::Find(const PostRef& ref) {
  // Slugs move from post to post.
  if (!ref.id.has_value()) {
    ASSIGN_OR_RETURN(PostSummary post, stored_.Find(ref));
    RETURN_IF_ERROR(CatchUp(post));
    return post;
  }
  ASSIGN_OR_RETURN(const PostVersion present, Present(*ref.id));
  const auto kept = summaries_.Find(ref.id->value());
  if (kept != nullptr && kept->version == present.version &&
      clock_.Now() - kept->load_time < kFresh) {
    return kept->post;
  }
  KeptSummary loaded{.load_time = clock_.Now()};
  ASSIGN_OR_RETURN(loaded.post, stored_.Find(ref));
  RETURN_IF_ERROR(CatchUp(loaded.post));
  loaded.version = VersionOf(loaded.post);
  const size_t bytes = BytesOf(loaded.post);
  auto keep = std::make_shared<const KeptSummary>(std::move(loaded));
  summaries_.Put(ref.id->value(), keep, bytes);
  return keep->post;
}

absl::Status CachedPostStore::CatchUp(const PostSummary& post) {
  const auto held = Held(post.id);
  if (held == nullptr || held->present.version == VersionOf(post)) return absl::OkStatus();
  return Ask({post.id}).status();
}

absl::StatusOr<std::string> CachedPostStore::GetText(const PostId& id, AccessLevel decided_for,
                                                     TextPart part) {
  const Version present = Present(id);
  if (!present.ok() && !absl::IsNotFound(present.status())) return present.status();
  // The other store says what is wrong.
  if (!present.ok() || present->facts.access_level != decided_for) {
    return stored_.GetText(id, decided_for, part);
  }
  const std::string key = absl::StrCat(id.value(), part == TextPart::kBody ? "b" : "p");
  const auto kept = texts_.Find(key);
  if (kept != nullptr && kept->version == present->version) return kept->text;
  return LoadText(*present, part, key);
}

absl::StatusOr<std::string> CachedPostStore::LoadText(const PostVersion& version, TextPart part,
                                                      const std::string& key) {
  const PostId& id = version.facts.id;
  ASSIGN_OR_RETURN(std::string text, stored_.GetText(id, version.facts.access_level, part));
  // Of the version that it had before and still has, whatever the lease says.
  const auto after = Ask({id});
  if (!after.ok()) return text;
  const auto found = after->find(id);
  if (found != after->end() && found->second.version == version.version) {
    texts_.Put(key, std::make_shared<const KeptText>(KeptText{text, version.version}), text.size());
  }
  return text;
}

absl::StatusOr<PostFacts> CachedPostStore::GetFacts(const PostId& id) {
  const Version present = Present(id);
  if (absl::IsNotFound(present.status())) return stored_.GetFacts(id);
  RETURN_IF_ERROR(present);
  PostFacts facts = present->facts;
  if (const auto held = Held(id); held != nullptr && held->present.version == present->version) {
    facts.lease = lease_ - absl::FromChrono(SteadyClock::now() - held->asked);
  }
  return facts;
}

absl::StatusOr<std::map<PostId, PostVersion>> CachedPostStore::GetVersions(
    const std::vector<PostId>& ids) {
  std::map<PostId, PostVersion> known;
  std::vector<PostId> unknown;
  for (const PostId& id : ids) {
    if (const auto held = Held(id); held != nullptr) {
      known.emplace(id, held->present);
    } else {
      unknown.push_back(id);
    }
  }
  if (unknown.empty()) return known;
  ASSIGN_OR_RETURN(auto asked, Ask(unknown));
  known.merge(asked);
  return known;
}

std::shared_ptr<const CachedPostStore::HeldVersion> CachedPostStore::Held(const PostId& id) {
  std::shared_ptr<const HeldVersion> held = held_.Find(id.value());
  if (held == nullptr) return nullptr;
  return absl::FromChrono(SteadyClock::now() - held->asked) < lease_ ? held : nullptr;
}

absl::StatusOr<std::map<PostId, PostVersion>> CachedPostStore::Ask(const std::vector<PostId>& ids) {
  const SteadyClock::time_point asked = SteadyClock::now();
  auto found = stored_.GetVersions(ids);
  if (!found.ok() || lease_ <= absl::ZeroDuration()) return found;
  absl::MutexLock lock(&hold_mu_);
  for (const auto& [id, present] : *found) {
    // What was asked later is truer, whichever answer comes first.
    const auto held = held_.Find(id.value());
    if (held != nullptr && held->asked > asked) continue;
    held_.Put(id.value(), std::make_shared<const HeldVersion>(HeldVersion{present, asked}),
              sizeof(HeldVersion) + present.version.size() + 3 * id.value().size());
  }
  return found;
}

CachedPostStore::Version CachedPostStore::Present(const PostId& id) {
  if (const auto held = Held(id); held != nullptr) return held->present;
  absl::StatusOr<Version> present = versions_.Do(id, RequestContext::Current().TimeLeft());
  if (!present.ok()) return present.status();
  return *std::move(present);
}

std::vector<CachedPostStore::Version> CachedPostStore::PresentOfAll(
    const std::vector<PostId>& ids) {
  const ScopedBatchContext context(kBatchTime);
  const auto found = Ask(ids);
  std::vector<Version> versions;
  versions.reserve(ids.size());
  for (const PostId& id : ids) {
    if (!found.ok()) {
      versions.emplace_back(found.status());
    } else if (const auto version = found->find(id); version != found->end()) {
      versions.emplace_back(version->second);
    } else {
      versions.emplace_back(NotFound());
    }
  }
  return versions;
}

}  // namespace rostrum::content
