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

// Summaries get a quarter of the bytes, texts the rest.
CachedPostStore::CachedPostStore(PostStore& stored, size_t max_bytes, Clock& clock)
    : stored_(stored),
      clock_(clock),
      versions_([this](const std::vector<PostId>& ids) { return PresentOfAll(ids); }),
      summaries_(max_bytes / 4),
      texts_(max_bytes - max_bytes / 4) {}

absl::StatusOr<PostSummary> CachedPostStore::Find(const PostRef& ref) {
  // Slugs move from post to post.
  if (!ref.id.has_value()) return stored_.Find(ref);
  ASSIGN_OR_RETURN(const PostVersion present, Present(*ref.id));
  const auto kept = summaries_.Find(ref.id->value());
  if (kept != nullptr && kept->version == present.version &&
      clock_.Now() - kept->load_time < kFresh) {
    return kept->post;
  }
  KeptSummary loaded{.load_time = clock_.Now()};
  ASSIGN_OR_RETURN(loaded.post, stored_.Find(ref));
  loaded.version = VersionOf(loaded.post);
  const size_t bytes = BytesOf(loaded.post);
  auto keep = std::make_shared<const KeptSummary>(std::move(loaded));
  summaries_.Put(ref.id->value(), keep, bytes);
  return keep->post;
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
  // Of the version that it had before and still has.
  const Version after = Present(id);
  if (after.ok() && after->version == version.version) {
    texts_.Put(key, std::make_shared<const KeptText>(KeptText{text, version.version}), text.size());
  }
  return text;
}

CachedPostStore::Version CachedPostStore::Present(const PostId& id) {
  const absl::Duration left = RequestContext::Current().deadline - absl::Now();
  absl::StatusOr<Version> present = versions_.Do(id, left);
  if (!present.ok()) return present.status();
  return *std::move(present);
}

std::vector<CachedPostStore::Version> CachedPostStore::PresentOfAll(
    const std::vector<PostId>& ids) {
  // One caller does it for all: not within its own deadline.
  RequestContext context = RequestContext::Current();
  context.deadline = absl::Now() + kBatchTime;
  const ScopedRequestContext bound(context);
  const auto found = stored_.GetVersions(ids);
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
