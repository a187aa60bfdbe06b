#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "services/content/post_store.h"

namespace rostrum::content {

class PostgresPostStore final : public PostStore {
 public:
  explicit PostgresPostStore(PgPool& pool) : pool_(pool) {}

  absl::StatusOr<PostSummary> Find(const PostRef& ref) override;
  absl::StatusOr<std::map<PostId, PostSummary>> FindAll(const std::vector<PostId>& ids) override;
  absl::StatusOr<std::map<SlugPair, PostId>> Resolve(const std::vector<SlugPair>& places) override;
  absl::StatusOr<PostFacts> GetFacts(const PostId& id) override;
  absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) override;
  absl::StatusOr<Look> LookForChanges(const std::string& since) override;
  absl::StatusOr<std::map<TextRef, std::string>> GetTexts(
      const std::vector<TextRef>& refs) override;
  absl::StatusOr<std::vector<PostSummary>> List(const PostQuery& query) override;

 private:
  PgPool& pool_;
};

// Deletes the recorded changes of transactions that had ended at `horizon`, and returns the
// present horizon. A look needs the changes since the look before, which may be
// VersionLeases::Bounds::gap ago: call this at longer intervals.
std::string PurgePublishedChanges(Transaction& tx, const std::string& horizon);

}  // namespace rostrum::content
