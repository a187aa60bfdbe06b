#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

// A place in the list of what an account follows: the last of a page.
struct FollowCursor {
  absl::Time create_time;
  FollowKind kind;
  std::string target_id;
};

// Stores follows. Thread-safe. All methods may return UNAVAILABLE when the database cannot
// be reached.
class FollowStore {
 public:
  virtual ~FollowStore() = default;

  // Repeating it returns the existing follow. What is known already keeps its name and slug:
  // those in `target` may be older. The first follow of an account marks its feed
  // as seen up to `now`, so that old posts do not count as unread. FAILED_PRECONDITION /
  // TOO_MANY_FOLLOWS.
  virtual absl::StatusOr<Follow> Create(const AccountId& account_id, const Target& target,
                                        absl::Time now) = 0;

  // Repeating it changes nothing.
  virtual absl::Status Delete(const AccountId& account_id, FollowKind kind,
                              const std::string& target_id) = 0;

  // NOT_FOUND / FOLLOW_NOT_FOUND.
  virtual absl::StatusOr<Follow> Get(const AccountId& account_id, FollowKind kind,
                                     const std::string& target_id) = 0;

  // Newest first, after the cursor, of one kind or of all.
  virtual absl::StatusOr<std::vector<Follow>> List(const AccountId& account_id,
                                                   std::optional<FollowKind> kind,
                                                   const std::optional<FollowCursor>& after,
                                                   int limit) = 0;
};

}  // namespace rostrum::feed
