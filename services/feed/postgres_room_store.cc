#include "services/feed/postgres_room_store.h"

#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/purge.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::feed {
namespace {

// Joins of one account run one after the other, so that the limit holds. A change of its name
// takes the same lock, so that no join keeps the old name.
constexpr char kLock[] =
    "SELECT pg_advisory_xact_lock(hashtextextended('rooms of ' || $1::text, 0))";

// The name in the caller's identity is at most a minute or two old. A name that account reported
// longer ago is not newer than that.
constexpr char kJoin[] = R"sql(
  INSERT INTO room_members (channel_id, account_id, display_name, listed, join_time)
  VALUES ($1, $2, coalesce((SELECT display_name FROM member_names WHERE account_id = $2
                              AND tell_time > $5::timestamptz - interval '10 minutes'), $3),
          $4, $5)
  ON CONFLICT (channel_id, account_id)
  DO UPDATE SET listed = excluded.listed
  RETURNING account_id, display_name, listed, join_time)sql";

constexpr char kKeepName[] = R"sql(
  INSERT INTO member_names (account_id, display_name, tell_time) VALUES ($1, $2, $3)
  ON CONFLICT (account_id) DO UPDATE SET
    display_name = excluded.display_name, tell_time = excluded.tell_time)sql";

constexpr char kFind[] = R"sql(
  SELECT account_id, display_name, listed, join_time FROM room_members
  WHERE channel_id = $1 AND account_id = $2)sql";

// $2 and $3 are the cursor.
constexpr char kListed[] = R"sql(
  SELECT account_id, display_name, listed, join_time FROM room_members
  WHERE channel_id = $1 AND listed
    AND ($2::timestamptz IS NULL OR (join_time, account_id) > ($2, $3::uuid))
  ORDER BY join_time, account_id LIMIT $4)sql";

RoomMember ReadMember(const pqxx::row& row) {
  return {.account_id = ReadId<AccountId>(row[0]),
          .display_name = ReadText(row[1]),
          .listed = row[2].as<bool>(),
          .join_time = ReadTime(row[3])};
}

}  // namespace

absl::StatusOr<RoomMember> PostgresRoomStore::Join(const ChannelId& channel_id,
                                                   const RoomMember& member) {
  return RunTx<RoomMember>(pool_, [&](Transaction& tx) -> absl::StatusOr<RoomMember> {
    const std::string& account = member.account_id.value();
    tx.Exec(kLock, account);
    const pqxx::result stored = tx.Exec(kJoin, channel_id.value(), account, member.display_name,
                                        member.listed, SqlTime(member.join_time));
    const int rooms =
        tx.ExecOne("SELECT count(*) FROM room_members WHERE account_id = $1", account)[0].as<int>();
    if (rooms > kMaxRooms) {
      return Error(absl::StatusCode::kFailedPrecondition, "TOO_MANY_ROOMS",
                   "an account is in at most 500 rooms");
    }
    return ReadMember(stored[0]);
  });
}

absl::Status PostgresRoomStore::Leave(const ChannelId& channel_id, const AccountId& account_id) {
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    tx.Exec("DELETE FROM room_members WHERE channel_id = $1 AND account_id = $2",
            channel_id.value(), account_id.value());
    return absl::OkStatus();
  });
}

absl::StatusOr<std::optional<RoomMember>> PostgresRoomStore::Find(const ChannelId& channel_id,
                                                                  const AccountId& account_id) {
  return RunQuery<std::optional<RoomMember>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::optional<RoomMember>> {
        const pqxx::result rows = tx.Exec(kFind, channel_id.value(), account_id.value());
        if (rows.empty()) return std::nullopt;
        return ReadMember(rows[0]);
      });
}

absl::StatusOr<int> PostgresRoomStore::Count(const ChannelId& channel_id) {
  return RunQuery<int>(pool_, [&](Transaction& tx) -> absl::StatusOr<int> {
    const pqxx::result rows =
        tx.Exec("SELECT member_count FROM rooms WHERE channel_id = $1", channel_id.value());
    return rows.empty() ? 0 : rows[0][0].as<int>();
  });
}

absl::StatusOr<std::vector<RoomMember>> PostgresRoomStore::ListListed(
    const ChannelId& channel_id, const std::optional<RoomCursor>& after, int limit) {
  std::optional<std::string> time, account;
  if (after.has_value()) {
    time = SqlTime(after->join_time);
    account = after->account_id.value();
  }
  return RunQuery<std::vector<RoomMember>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<RoomMember>> {
        std::vector<RoomMember> members;
        for (const pqxx::row& row : tx.Exec(kListed, channel_id.value(), time, account, limit)) {
          members.push_back(ReadMember(row));
        }
        return members;
      });
}

void RenameRoomMember(Transaction& tx, const AccountId& account_id, const std::string& display_name,
                      absl::Time now) {
  tx.Exec(kLock, account_id.value());
  tx.Exec(kKeepName, account_id.value(), display_name, SqlTime(now));
  tx.Exec("UPDATE room_members SET display_name = $2 WHERE account_id = $1", account_id.value(),
          display_name);
}

absl::Status PurgeMemberNames(PgPool& pool, absl::Time now) {
  return Purge(pool, "member_names", "tell_time", now - absl::Hours(24));
}

}  // namespace rostrum::feed
