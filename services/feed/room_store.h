#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"

namespace rostrum::feed {

// Somebody who is in the room of a channel.
struct RoomMember {
  AccountId account_id;
  std::string display_name;
  bool listed = false;  // wants to be seen there
  absl::Time join_time;
};

// A place in the list of those who are in a room: the last of a page.
struct RoomCursor {
  absl::Time join_time;
  AccountId account_id;
};

inline constexpr int kMaxRooms = 500;

// Stores who is in which room. Thread-safe. All methods may return UNAVAILABLE
// when the database cannot be reached.
class RoomStore {
 public:
  virtual ~RoomStore() = default;

  // Who is in it already keeps time and name, with the new choice. A name that account
  // has told counts more than the member's, which may be older.
  // FAILED_PRECONDITION / TOO_MANY_ROOMS.
  virtual absl::StatusOr<RoomMember> Join(const ChannelId& channel_id,
                                          const RoomMember& member) = 0;
  // Repeating it changes nothing.
  virtual absl::Status Leave(const ChannelId& channel_id, const AccountId& account_id) = 0;
  // nullopt for who is not in it.
  virtual absl::StatusOr<std::optional<RoomMember>> Find(const ChannelId& channel_id,
                                                         const AccountId& account_id) = 0;
  virtual absl::StatusOr<int> Count(const ChannelId& channel_id) = 0;
  // Those who want to be seen, by (join_time, account).
  virtual absl::StatusOr<std::vector<RoomMember>> ListListed(const ChannelId& channel_id,
                                                             const std::optional<RoomCursor>& after,
                                                             int limit) = 0;
};

}  // namespace rostrum::feed
