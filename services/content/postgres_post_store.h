#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/common/postgres/pool.h"
#include "services/content/post_store.h"

namespace rostrum::content {

class PostgresPostStore final : public PostStore {
 public:
  explicit PostgresPostStore(PgPool& pool) : pool_(pool) {}

  absl::StatusOr<PostSummary> Find(const PostRef& ref) override;
  absl::StatusOr<PostFacts> GetFacts(const PostId& id) override;
  absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) override;
  absl::StatusOr<std::string> GetText(const PostId& id, AccessLevel decided_for,
                                      TextPart part) override;
  absl::StatusOr<std::vector<PostSummary>> List(const PostQuery& query) override;

 private:
  PgPool& pool_;
};

}  // namespace rostrum::content
