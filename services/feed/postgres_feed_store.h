#pragma once

#include <optional>
#include <vector>

#include "services/common/postgres/pool.h"
#include "services/feed/feed_store.h"

namespace rostrum::feed {

class PostgresFeedStore final : public FeedStore {
 public:
  explicit PostgresFeedStore(PgPool& pool) : pool_(pool) {}

  absl::StatusOr<std::vector<FeedItem>> List(const AccountId& account_id,
                                             const std::optional<FeedPlace>& after,
                                             int limit) override;
  absl::StatusOr<bool> FollowsNothing(const AccountId& account_id) override;
  absl::Status MarkSeen(const AccountId& account_id, const FeedPlace& place) override;
  absl::StatusOr<FeedState> State(const AccountId& account_id) override;

 private:
  PgPool& pool_;
};

}  // namespace rostrum::feed
