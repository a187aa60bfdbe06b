#include "services/content/cached_post_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/status.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::content {
namespace {

// Time limit of a batch: as long as the shortest time that a caller waits.
constexpr absl::Duration kBatchTime = absl::Seconds(1);

size_t BytesOf(const PostSummary& post) {
  return sizeof(post) + post.title.size() + post.lede.size() + post.channel.description.size() +
         post.author.bio.size() + post.topics.size() * sizeof(Topic);
}

std::string KeyOf(const TextRef& ref) {
  return absl::StrCat(ref.id.value(), ref.part == TextPart::kBody ? "b" : "p");
}

}  // namespace

// Versions get an eighth of the bytes, summaries a quarter, texts the rest.
CachedPostStore::CachedPostStore(PostStore& stored, size_t max_bytes, absl::Duration lease,
                                 Clock& clock)
    : stored_(stored),
      clock_(clock),
      leases_(stored, max_bytes / 8, lease),
      versions_([this](const std::vector<PostId>& ids) { return PresentOfAll(ids); }),
      summaries_(max_bytes / 4),
      texts_(max_bytes - max_bytes / 4 - max_bytes / 8) {}

absl::StatusOr<PostSummary> CachedPostStore::Find(const PostRef& ref) {
  if (!ref.id.has_value()) {
    ASSIGN_OR_RETURN(PostSummary post, stored_.Find(ref));
    RETURN_IF_ERROR(CatchUp({&post}));
    return post;
  }
  ASSIGN_OR_RETURN(auto found, FindAll({*ref.id}));
  if (found.empty()) return PostNotFound();
  return std::move(found.begin()->second);
}

absl::StatusOr<std::map<PostId, PostSummary>> CachedPostStore::FindAll(
    const std::vector<PostId>& ids) {
  ASSIGN_OR_RETURN(const Versions versions, GetVersions(ids));
  std::map<PostId, PostSummary> posts;
  std::vector<PostId> missing;
  for (const auto& [id, present] : versions) {
    if (const auto kept = FindSummary(present); kept != nullptr) {
      posts.emplace(id, kept->post);
    } else {
      missing.push_back(id);
    }
  }
  if (missing.empty()) return posts;
  ASSIGN_OR_RETURN(auto loaded, LoadSummaries(missing));
  posts.merge(loaded);
  return posts;
}

std::shared_ptr<const CachedPostStore::KeptSummary> CachedPostStore::FindSummary(
    const PostVersion& present) {
  auto kept = summaries_.Find(present.facts.id.value());
  const bool fresh = kept != nullptr && kept->version == present.version &&
                     clock_.Now() - kept->load_time < kFresh;
  return fresh ? kept : nullptr;
}

absl::StatusOr<std::map<PostId, PostSummary>> CachedPostStore::LoadSummaries(
    const std::vector<PostId>& ids) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(auto posts, stored_.FindAll(ids));
  std::vector<const PostSummary*> loaded;
  for (const auto& [id, post] : posts) loaded.push_back(&post);
  RETURN_IF_ERROR(CatchUp(loaded));
  for (const auto& [id, post] : posts) {
    const KeptSummary keep{.post = post, .version = VersionOf(post), .load_time = now};
    summaries_.Put(id.value(), std::make_shared<const KeptSummary>(keep), BytesOf(post));
  }
  return posts;
}

absl::Status CachedPostStore::CatchUp(const std::vector<const PostSummary*>& posts) {
  if (!leases_.AreGiven()) return absl::OkStatus();
  std::vector<PostId> behind;
  for (const PostSummary* post : posts) {
    const auto held = leases_.Find(post->id);
    if (held == nullptr || held->present().version != VersionOf(*post)) behind.push_back(post->id);
  }
  return behind.empty() ? absl::OkStatus() : leases_.Ask(behind).status();
}

absl::StatusOr<std::map<TextRef, std::string>> CachedPostStore::GetTexts(
    const std::vector<TextRef>& refs) {
  std::vector<PostId> ids;
  for (const TextRef& ref : refs) ids.push_back(ref.id);
  ASSIGN_OR_RETURN(const Versions versions, GetVersions(ids));
  std::map<TextRef, std::string> texts;
  std::vector<TextRef> missing;
  for (const TextRef& ref : refs) {
    const auto present = versions.find(ref.id);
    if (present == versions.end()) continue;
    if (present->second.facts.access_level != ref.decided_for) continue;
    const auto kept = texts_.Find(KeyOf(ref));
    if (kept != nullptr && kept->version == present->second.version) {
      texts.emplace(ref, kept->text);
    } else {
      missing.push_back(ref);
    }
  }
  if (missing.empty()) return texts;
  ASSIGN_OR_RETURN(auto loaded, LoadTexts(missing, versions));
  texts.merge(loaded);
  return texts;
}

absl::StatusOr<std::map<TextRef, std::string>> CachedPostStore::LoadTexts(
    const std::vector<TextRef>& refs, const Versions& versions) {
  ASSIGN_OR_RETURN(auto texts, stored_.GetTexts(refs));
  std::vector<PostId> ids;
  for (const auto& [ref, text] : texts) ids.push_back(ref.id);
  // Asks the database even while leases run: a text is cached only if its post had the same
  // version before and after the text was loaded.
  const auto after = leases_.Ask(ids);
  if (!after.ok()) return texts;
  for (const auto& [ref, text] : texts) {
    const ReaderVersion& version = versions.at(ref.id).version;
    const auto found = after->find(ref.id);
    if (found == after->end() || found->second.version != version) continue;
    texts_.Put(KeyOf(ref), std::make_shared<const KeptText>(KeptText{text, version}), text.size());
  }
  return texts;
}

absl::StatusOr<PostFacts> CachedPostStore::GetFacts(const PostId& id) {
  const Version present = Present(id);
  if (absl::IsNotFound(present.status())) return stored_.GetFacts(id);
  RETURN_IF_ERROR(present);
  PostFacts facts = present->facts;
  const auto held = leases_.Find(id);
  if (held != nullptr && held->present().version == present->version) {
    facts.lease = leases_.TimeLeft(*held);
  }
  return facts;
}

absl::StatusOr<std::map<PostId, PostVersion>> CachedPostStore::GetVersions(
    const std::vector<PostId>& ids) {
  std::map<PostId, PostVersion> known;
  std::vector<PostId> unknown;
  for (const PostId& id : ids) {
    if (const auto held = leases_.Find(id); held != nullptr) {
      known.emplace(id, held->present());
    } else {
      unknown.push_back(id);
    }
  }
  if (unknown.empty()) return known;
  if (ids.size() == 1) {  // batched with those of other requests
    Version present = Present(ids.front());
    if (absl::IsNotFound(present.status())) return known;
    RETURN_IF_ERROR(present);
    known.emplace(ids.front(), *std::move(present));
    return known;
  }
  ASSIGN_OR_RETURN(auto asked, leases_.Ask(unknown));
  known.merge(asked);
  return known;
}

CachedPostStore::Version CachedPostStore::Present(const PostId& id) {
  if (const auto held = leases_.Find(id); held != nullptr) return held->present();
  absl::StatusOr<Version> present = versions_.Do(id, RequestContext::Current().TimeLeft());
  if (!present.ok()) return present.status();
  return *std::move(present);
}

std::vector<CachedPostStore::Version> CachedPostStore::PresentOfAll(
    const std::vector<PostId>& ids) {
  const ScopedBatchContext context(kBatchTime);
  const auto found = leases_.Ask(ids);
  std::vector<Version> versions;
  versions.reserve(ids.size());
  for (const PostId& id : ids) {
    if (!found.ok()) {
      versions.emplace_back(found.status());
    } else if (const auto version = found->find(id); version != found->end()) {
      versions.emplace_back(version->second);
    } else {
      versions.emplace_back(PostNotFound());
    }
  }
  return versions;
}

}  // namespace rostrum::content
