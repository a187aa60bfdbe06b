#pragma once

#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "services/feed/room_store.h"

namespace rostrum::feed {

class PostgresRoomStore final : public RoomStore {
 public:
  explicit PostgresRoomStore(PgPool& pool) : pool_(pool) {}

  absl::StatusOr<RoomMember> Join(const ChannelId& channel_id, const RoomMember& member) override;
  absl::Status Leave(const ChannelId& channel_id, const AccountId& account_id) override;
  absl::StatusOr<std::optional<RoomMember>> Find(const ChannelId& channel_id,
                                                 const AccountId& account_id) override;
  absl::StatusOr<int> Count(const ChannelId& channel_id) override;
  absl::StatusOr<std::vector<RoomMember>> ListListed(const ChannelId& channel_id,
                                                     const std::optional<RoomCursor>& after,
                                                     int limit) override;

 private:
  PgPool& pool_;
};

// Keeps the name of somebody who is in rooms true, or joins one with an identity of
// before, inside the transaction of account's event.
void RenameRoomMember(Transaction& tx, const AccountId& account_id, const std::string& display_name,
                      absl::Time now);

// Forgets names that were told more than a day ago, in transactions of its own. No join
// has needed them for long.
absl::Status PurgeMemberNames(PgPool& pool, absl::Time now);

// Whose names are in rooms, for DisplayNames. Others need not be asked for: that an event was
// missed matters only to who joins within minutes of it.
inline constexpr char kKnownNames[] = R"sql(
  SELECT DISTINCT account_id FROM room_members WHERE account_id > $1
  ORDER BY account_id LIMIT 100)sql";

}  // namespace rostrum::feed
