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

// A place in a feed. Everything published before it comes after it.
struct FeedPlace {
  absl::Time publish_time;
  PostId post_id;
};

struct FeedItem {
  FeedPlace place;
  content::v1::PostSummary post;
  // At least one: channel, author, then topics in the order of the post.
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

  // Newest first, after the place.
  virtual absl::StatusOr<std::vector<FeedItem>> List(const AccountId& account_id,
                                                     const std::optional<FeedPlace>& after,
                                                     int limit) = 0;
  virtual absl::StatusOr<bool> FollowsNothing(const AccountId& account_id) = 0;
  // Never moves the mark backwards.
  virtual absl::Status MarkSeen(const AccountId& account_id, const FeedPlace& place) = 0;
  virtual absl::StatusOr<FeedState> State(const AccountId& account_id) = 0;
};

}  // namespace rostrum::feed
