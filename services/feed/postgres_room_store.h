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

// Updates a person's name in the rooms they have joined, inside the transaction of
// account's event. Also remembers it for a while, for a person who joins a room with an
// identity token that still has the old name.
void RenameRoomMember(Transaction& tx, const AccountId& account_id, const std::string& display_name,
                      absl::Time now);

// Deletes remembered names that are more than a day old, in transactions of its own:
// identity tokens with an older name have expired long before.
absl::Status PurgeMemberNames(PgPool& pool, absl::Time now);

// The accounts whose names are in rooms, for DisplayNames. Others need not be read again
// after missed events: their names matter only if they join within minutes of the change.
inline constexpr char kKnownNames[] = R"sql(
  SELECT DISTINCT account_id FROM room_members WHERE account_id > $1
  ORDER BY account_id LIMIT 100)sql";

}  // namespace rostrum::feed
