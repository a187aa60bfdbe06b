#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/common/postgres/pool.h"
#include "services/feed/follow_store.h"

namespace rostrum::feed {

class PostgresFollowStore final : public FollowStore {
 public:
  explicit PostgresFollowStore(PgPool& pool) : pool_(pool) {}

  absl::StatusOr<Follow> Create(const AccountId& account_id, const Target& target,
                                absl::Time now) override;
  absl::Status Delete(const AccountId& account_id, FollowKind kind,
                      const std::string& target_id) override;
  absl::StatusOr<Follow> Get(const AccountId& account_id, FollowKind kind,
                             const std::string& target_id) override;
  absl::StatusOr<std::vector<Follow>> List(const AccountId& account_id,
                                           std::optional<FollowKind> kind,
                                           const std::optional<FollowCursor>& after,
                                           int limit) override;

 private:
  PgPool& pool_;
};

}  // namespace rostrum::feed
