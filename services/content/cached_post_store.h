#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/common/base/batcher.h"
#include "services/common/base/clock.h"
#include "services/common/base/lru_cache.h"
#include "services/content/post_store.h"
#include "services/content/version_leases.h"

namespace rostrum::content {

// Caches the posts of another store in memory.
// - A cached post is returned only if its version is the current one, which is known under
//   a lease (VersionLeases). A change that readers see is confirmed to its author only when
//   the lease is over (DeskService, CatalogService): by then no replica shows the former
//   state, although none had to be notified.
// - Requests that come at the same time ask for versions together.
// - Counters, and data that no version covers (a topic's name), are at most kFresh old.
// Thread-safe.
class CachedPostStore final : public PostStore {
 public:
  static constexpr absl::Duration kFresh = absl::Seconds(5);

  // Without a lease the store is asked by every request.
  CachedPostStore(PostStore& stored, size_t max_bytes, absl::Duration lease, Clock& clock);

  absl::StatusOr<PostSummary> Find(const PostRef& ref) override;
  absl::StatusOr<std::map<PostId, PostSummary>> FindAll(const std::vector<PostId>& ids) override;
  // Not cached, because a slug can move from one post to another.
  absl::StatusOr<std::map<SlugPair, PostId>> Resolve(const std::vector<SlugPair>& places) override {
    return stored_.Resolve(places);
  }
  absl::StatusOr<PostFacts> GetFacts(const PostId& id) override;
  absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) override;
  absl::StatusOr<Look> LookForChanges(const std::string& since) override {
    return stored_.LookForChanges(since);
  }
  absl::StatusOr<std::map<TextRef, std::string>> GetTexts(
      const std::vector<TextRef>& refs) override;
  absl::StatusOr<std::vector<PostSummary>> List(const PostQuery& query) override {
    return stored_.List(query);
  }

 private:
  struct KeptSummary {
    PostSummary post;
    ReaderVersion version;
    absl::Time load_time;
  };
  struct KeptText {
    std::string text;
    ReaderVersion version;
  };
  // NOT_FOUND unless it is published.
  using Version = absl::StatusOr<PostVersion>;
  using Versions = VersionLeases::Versions;

  // Makes sure that the leases hold versions that are not older than those of `posts`, so
  // that texts loaded by them are not older than the summaries.
  absl::Status CatchUp(const std::vector<const PostSummary*>& posts);
  Version Present(const PostId& id);
  std::vector<Version> PresentOfAll(const std::vector<PostId>& ids);
  // The cached summary; null unless it has this version and its counters are fresh.
  std::shared_ptr<const KeptSummary> FindSummary(const PostVersion& present);
  absl::StatusOr<std::map<PostId, PostSummary>> LoadSummaries(const std::vector<PostId>& ids);
  // Texts of posts of these versions.
  absl::StatusOr<std::map<TextRef, std::string>> LoadTexts(const std::vector<TextRef>& refs,
                                                           const Versions& versions);

  PostStore& stored_;
  Clock& clock_;
  VersionLeases leases_;
  Batcher<PostId, Version> versions_;
  LruCache<std::shared_ptr<const KeptSummary>> summaries_;
  LruCache<std::shared_ptr<const KeptText>> texts_;
};

}  // namespace rostrum::content
