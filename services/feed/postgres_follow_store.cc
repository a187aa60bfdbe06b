#include "services/feed/postgres_follow_store.h"

#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/feed/target_sql.h"

namespace rostrum::feed {
namespace {

constexpr char kBeginFeed[] = R"sql(
  INSERT INTO feed_marks (account_id, publish_time, post_id)
  VALUES ($1, $2, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ON CONFLICT DO NOTHING)sql";

constexpr char kInsert[] = R"sql(
  INSERT INTO follows (account_id, kind, target_id, create_time) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING)sql";

constexpr char kColumns[] = R"sql(
  SELECT f.kind, f.target_id, t.display_name, t.slug, f.create_time
  FROM follows f JOIN targets t USING (kind, target_id)
)sql";

constexpr char kOne[] = " WHERE f.account_id = $1 AND f.kind = $2 AND f.target_id = $3";

// $2 is a kind or NULL; the cursor is $3, $4, $5.
constexpr char kPage[] = R"sql(
  WHERE f.account_id = $1 AND ($2::smallint IS NULL OR f.kind = $2)
    AND ($3::timestamptz IS NULL OR f.create_time < $3
         OR (f.create_time = $3 AND (f.kind, f.target_id) > ($4::smallint, $5::uuid)))
  ORDER BY f.create_time DESC, f.kind, f.target_id LIMIT $6)sql";

Follow ReadFollow(const pqxx::row& row) {
  return {.target = {.kind = static_cast<FollowKind>(row[0].as<int>()),
                     .id = ReadText(row[1]),
                     .display_name = ReadText(row[2]),
                     .slug = ReadText(row[3])},
          .create_time = ReadTime(row[4])};
}

}  // namespace

absl::StatusOr<Follow> PostgresFollowStore::Create(const AccountId& account_id,
                                                   const Target& target, absl::Time now) {
  return RunTx<Follow>(pool_, [&](Transaction& tx) -> absl::StatusOr<Follow> {
    const std::string& account = account_id.value();
    tx.Exec(kBeginFeed, account, SqlTime(now));
    // The lock on the mark also makes parallel follows of one account run one after the other.
    tx.Exec("SELECT 1 FROM feed_marks WHERE account_id = $1 FOR UPDATE", account);
    // An event may have told a newer name than content did before this.
    InsertTargets(tx, TargetColumns({target}));
    const pqxx::result inserted =
        tx.Exec(kInsert, account, static_cast<int>(target.kind), target.id, SqlTime(now));
    const int count =
        tx.ExecOne("SELECT count(*) FROM follows WHERE account_id = $1", account)[0].as<int>();
    if (inserted.affected_rows() > 0 && count > kMaxFollows) {
      return Error(absl::StatusCode::kFailedPrecondition, "TOO_MANY_FOLLOWS",
                   "an account follows at most 5,000 things");
    }
    return ReadFollow(tx.ExecOne(std::string(kColumns) + kOne, account,
                                 static_cast<int>(target.kind), target.id));
  });
}

absl::Status PostgresFollowStore::Delete(const AccountId& account_id, FollowKind kind,
                                         const std::string& target_id) {
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    tx.Exec("DELETE FROM follows WHERE account_id = $1 AND kind = $2 AND target_id = $3",
            account_id.value(), static_cast<int>(kind), target_id);
    return absl::OkStatus();
  });
}

absl::StatusOr<Follow> PostgresFollowStore::Get(const AccountId& account_id, FollowKind kind,
                                                const std::string& target_id) {
  return RunQuery<Follow>(pool_, [&](Transaction& tx) -> absl::StatusOr<Follow> {
    const pqxx::result rows = tx.Exec(std::string(kColumns) + kOne, account_id.value(),
                                      static_cast<int>(kind), target_id);
    if (rows.empty()) {
      return Error(absl::StatusCode::kNotFound, "FOLLOW_NOT_FOUND", "this is not followed");
    }
    return ReadFollow(rows[0]);
  });
}

absl::StatusOr<std::vector<Follow>> PostgresFollowStore::List(
    const AccountId& account_id, std::optional<FollowKind> kind,
    const std::optional<FollowCursor>& after, int limit) {
  std::optional<int> kind_number, cursor_kind;
  std::optional<std::string> cursor_time, cursor_target;
  if (kind.has_value()) kind_number = static_cast<int>(*kind);
  if (after.has_value()) {
    cursor_time = SqlTime(after->create_time);
    cursor_kind = static_cast<int>(after->kind);
    cursor_target = after->target_id;
  }
  return RunQuery<std::vector<Follow>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Follow>> {
        std::vector<Follow> follows;
        for (const pqxx::row& row :
             tx.Exec(std::string(kColumns) + kPage, account_id.value(), kind_number, cursor_time,
                     cursor_kind, cursor_target, limit)) {
          follows.push_back(ReadFollow(row));
        }
        return follows;
      });
}

}  // namespace rostrum::feed
