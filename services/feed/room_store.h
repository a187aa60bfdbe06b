#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"

namespace rostrum::feed {

// A member of a room.
struct RoomMember {
  AccountId account_id;
  std::string display_name;
  bool listed = false;  // shown in the list of members
  absl::Time join_time;
};

// A position in the list of members: the last of a page.
struct RoomCursor {
  absl::Time join_time;
  AccountId account_id;
};

inline constexpr int kMaxRooms = 500;

// Stores the members of rooms. Thread-safe. All methods may return UNAVAILABLE when the
// database cannot be reached.
class RoomStore {
 public:
  virtual ~RoomStore() = default;

  // Adds a member. If the account is a member already, only `listed` is changed. A name
  // from an event of account takes precedence over the name in `member`, which may be
  // older. FAILED_PRECONDITION / TOO_MANY_ROOMS.
  virtual absl::StatusOr<RoomMember> Join(const ChannelId& channel_id,
                                          const RoomMember& member) = 0;
  // Repeating it changes nothing.
  virtual absl::Status Leave(const ChannelId& channel_id, const AccountId& account_id) = 0;
  // nullopt if the account is not a member.
  virtual absl::StatusOr<std::optional<RoomMember>> Find(const ChannelId& channel_id,
                                                         const AccountId& account_id) = 0;
  virtual absl::StatusOr<int> Count(const ChannelId& channel_id) = 0;
  // The members that are `listed`, by (join_time, account).
  virtual absl::StatusOr<std::vector<RoomMember>> ListListed(const ChannelId& channel_id,
                                                             const std::optional<RoomCursor>& after,
                                                             int limit) = 0;
};

}  // namespace rostrum::feed
