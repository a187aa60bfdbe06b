#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/base/ids.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

// A position in a feed. Feeds are newest first: what was published earlier comes after it.
struct FeedPlace {
  absl::Time publish_time;
  PostId post_id;
};

struct FeedItem {
  FeedPlace place;
  content::v1::PostSummary post;
  // Why the post is in the feed: what the account follows of its channel, author and
  // topics, in this order. At least one.
  std::vector<Target> reasons;
  bool unread = false;
};

struct FeedState {
  int unread_count = 0;  // counted up to kMaxUnread
  std::optional<absl::Time> newest_time;
};

inline constexpr int kMaxUnread = 100;

// Reads personal feeds. Thread-safe. All methods may return UNAVAILABLE when
// the database cannot be reached.
class FeedStore {
 public:
  virtual ~FeedStore() = default;

  // Newest first, beginning after the position.
  virtual absl::StatusOr<std::vector<FeedItem>> List(const AccountId& account_id,
                                                     const std::optional<FeedPlace>& after,
                                                     int limit) = 0;
  virtual absl::StatusOr<bool> FollowsNothing(const AccountId& account_id) = 0;
  // Marks the feed as seen up to a position. Never moves the mark backwards.
  virtual absl::Status MarkSeen(const AccountId& account_id, const FeedPlace& place) = 0;
  virtual absl::StatusOr<FeedState> State(const AccountId& account_id) = 0;
};

}  // namespace rostrum::feed
