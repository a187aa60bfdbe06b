#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/common/base/batcher.h"
#include "services/common/base/clock.h"
#include "services/common/base/lru_cache.h"
#include "services/content/post_store.h"

namespace rostrum::content {

// Keeps posts of another store in memory. What is kept is given only after that store
// said, since it was asked for, that its version is the present one: so no replica shows
// what another one changed or withdrew. Requests of the same moment ask together.
// Counters, and what no version tells (a topic's name), are at most kFresh old.
// Thread-safe.
class CachedPostStore final : public PostStore {
 public:
  static constexpr absl::Duration kFresh = absl::Seconds(5);

  CachedPostStore(PostStore& stored, size_t max_bytes, Clock& clock);

  absl::StatusOr<PostSummary> Find(const PostRef& ref) override;
  absl::StatusOr<PostFacts> GetFacts(const PostId& id) override { return stored_.GetFacts(id); }
  absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) override {
    return stored_.GetVersions(ids);
  }
  absl::StatusOr<std::string> GetText(const PostId& id, AccessLevel decided_for,
                                      TextPart part) override;
  absl::StatusOr<std::vector<PostSummary>> List(const PostQuery& query) override {
    return stored_.List(query);
  }

 private:
  struct KeptSummary {
    PostSummary post;
    std::string version;
    absl::Time load_time;
  };
  struct KeptText {
    std::string text;
    std::string version;
  };
  // NOT_FOUND unless it is published.
  using Version = absl::StatusOr<PostVersion>;

  Version Present(const PostId& id);
  std::vector<Version> PresentOfAll(const std::vector<PostId>& ids);
  absl::StatusOr<std::string> LoadText(const PostVersion& version, TextPart part,
                                       const std::string& key);

  PostStore& stored_;
  Clock& clock_;
  Batcher<PostId, Version> versions_;
  LruCache<std::shared_ptr<const KeptSummary>> summaries_;
  LruCache<std::shared_ptr<const KeptText>> texts_;
};

}  // namespace rostrum::content
