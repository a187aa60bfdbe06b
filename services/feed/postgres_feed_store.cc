#include "services/feed/postgres_feed_store.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/feed/post_projection.h"

namespace rostrum::feed {
namespace {

// A page is found in one of two ways, whichever reads fewer entries. If an account follows
// much, many of the newest entries of all belong to its feed. If it follows little, or things
// that seldom get posts, each thing is looked up.
//
// At most $4 posts after ($2, $3), from the next 600 entries. No rows for accounts that follow
// fewer than 50 things.
constexpr char kAmongNewest[] = R"sql(
  SELECT DISTINCT e.publish_time, e.post_id
  FROM (SELECT kind, target_id, publish_time, post_id FROM feed_entries
        WHERE (publish_time, post_id) < ($2::timestamptz, $3::uuid)
        ORDER BY publish_time DESC, post_id DESC LIMIT 600) e
  JOIN follows f USING (kind, target_id)
  WHERE f.account_id = $1
    AND (SELECT count(*) FROM (SELECT FROM follows WHERE account_id = $1 LIMIT 50) counted) = 50
  ORDER BY e.publish_time DESC, e.post_id DESC LIMIT $4)sql";

// The same posts, by the things followed. First looks up the newest post of each; only things
// whose newest post is among the $4 newest are read further.
constexpr char kByFollow[] = R"sql(
  SELECT DISTINCT e.publish_time, e.post_id
  FROM newest f JOIN bottom b ON (f.publish_time, f.post_id) >= (b.publish_time, b.post_id)
  CROSS JOIN LATERAL (
    SELECT publish_time, post_id FROM feed_entries
    WHERE kind = f.kind AND target_id = f.target_id
      AND (publish_time, post_id) < ($2::timestamptz, $3::uuid)
    ORDER BY publish_time DESC, post_id DESC LIMIT $4) e
  ORDER BY e.publish_time DESC, e.post_id DESC LIMIT $4)sql";
constexpr char kWithNewest[] = R"sql(
  WITH newest AS MATERIALIZED (
    SELECT f.kind, f.target_id, e.publish_time, e.post_id
    FROM follows f CROSS JOIN LATERAL (
      SELECT publish_time, post_id FROM feed_entries
      WHERE kind = f.kind AND target_id = f.target_id
        AND (publish_time, post_id) < ($2::timestamptz, $3::uuid)
      ORDER BY publish_time DESC, post_id DESC LIMIT 1) e
    WHERE f.account_id = $1
  ), bottom AS MATERIALIZED (
    SELECT publish_time, post_id
    FROM (SELECT DISTINCT publish_time, post_id FROM newest
          ORDER BY publish_time DESC, post_id DESC LIMIT $4) top
    ORDER BY publish_time, post_id LIMIT 1
  ))sql";

// The items of such a page. Posts above the mark are unread.
std::string ItemsOf(const char* page) {
  return absl::StrCat(
      "SELECT p.post_id, p.publish_time, p.summary, m.account_id IS NULL"
      " OR (p.publish_time, p.post_id) > (m.publish_time, m.post_id) FROM (",
      page,
      ") page JOIN posts p USING (post_id) LEFT JOIN feed_marks m ON m.account_id = $1"
      " ORDER BY p.publish_time DESC, p.post_id DESC");
}

// Which of these the account follows.
constexpr char kFollowed[] = R"sql(
  SELECT kind, target_id
  FROM unnest($2::smallint[], $3::uuid[]) AS t (kind, target_id) JOIN follows USING (kind, target_id)
  WHERE account_id = $1)sql";

constexpr char kMark[] = R"sql(
  INSERT INTO feed_marks (account_id, publish_time, post_id) VALUES ($1, $2, $3)
  ON CONFLICT (account_id) DO UPDATE
  SET publish_time = excluded.publish_time, post_id = excluded.post_id
  WHERE (feed_marks.publish_time, feed_marks.post_id) < (excluded.publish_time, excluded.post_id)
  )sql";

// The place above which everything is unread.
constexpr char kMarkOf[] = R"sql(
  SELECT publish_time, post_id FROM feed_marks WHERE account_id = $1)sql";

// How many posts above ($2, $3) are in the feed, at most $4, found among the newest 600 entries;
// and whether that is the final number.
constexpr char kUnreadAmongNewest[] = R"sql(
  WITH newest AS MATERIALIZED (
    SELECT kind, target_id, publish_time, post_id FROM feed_entries
    WHERE (publish_time, post_id) > ($2::timestamptz, $3::uuid)
    ORDER BY publish_time DESC, post_id DESC LIMIT 600)
  SELECT count(*), (SELECT count(*) < 600 FROM newest) OR count(*) >= $4::bigint
  FROM (SELECT DISTINCT e.post_id FROM newest e JOIN follows f USING (kind, target_id)
        WHERE f.account_id = $1 LIMIT $4) unread)sql";

constexpr char kUnreadByFollow[] = R"sql(
  SELECT count(*) FROM (
    SELECT DISTINCT e.post_id
    FROM follows f CROSS JOIN LATERAL (
      SELECT post_id FROM feed_entries
      WHERE kind = f.kind AND target_id = f.target_id
        AND (publish_time, post_id) > ($2::timestamptz, $3::uuid)
      ORDER BY publish_time DESC, post_id DESC LIMIT $4) e
    WHERE f.account_id = $1 LIMIT $4) unread)sql";

constexpr char kFirstId[] = "00000000-0000-0000-0000-000000000000";
constexpr char kLastId[] = "ffffffff-ffff-ffff-ffff-ffffffffffff";

using TargetKey = std::pair<int, std::string>;

TargetKey KeyOf(const Target& target) { return {static_cast<int>(target.kind), target.id}; }

// Adds to each item which of its targets the account follows.
void AddReasons(Transaction& tx, const AccountId& account_id, std::vector<FeedItem>& items) {
  std::set<TargetKey> targets;
  for (const FeedItem& item : items) {
    for (const Target& target : TargetsOf(item.post)) targets.insert(KeyOf(target));
  }
  std::vector<std::string> kinds, ids;
  for (const auto& [kind, id] : targets) {
    kinds.push_back(absl::StrCat(kind));
    ids.push_back(id);
  }
  std::set<TargetKey> followed;
  for (const pqxx::row& row :
       tx.Exec(kFollowed, account_id.value(), SqlArray(kinds), SqlArray(ids))) {
    followed.emplace(row[0].as<int>(), ReadText(row[1]));
  }
  for (FeedItem& item : items) {
    for (Target& target : TargetsOf(item.post)) {
      if (followed.contains(KeyOf(target))) item.reasons.push_back(std::move(target));
    }
  }
}

// The items after a place, as ItemsOf has them.
pqxx::result LoadItems(Transaction& tx, const AccountId& account_id,
                       const std::optional<FeedPlace>& after, int limit) {
  static const std::string among_newest = ItemsOf(kAmongNewest);
  static const std::string by_follow = absl::StrCat(kWithNewest, ItemsOf(kByFollow));
  const std::string time = after.has_value() ? SqlTime(after->publish_time) : "infinity";
  const std::string id = after.has_value() ? after->post_id.value() : kLastId;
  pqxx::result items = tx.Exec(among_newest, account_id.value(), time, id, limit);
  if (static_cast<int>(items.size()) == limit) return items;
  return tx.Exec(by_follow, account_id.value(), time, id, limit);
}

int CountUnread(Transaction& tx, const AccountId& account_id) {
  std::string time = "-infinity";
  std::string id = kFirstId;
  if (const pqxx::result mark = tx.Exec(kMarkOf, account_id.value()); !mark.empty()) {
    time = SqlTime(ReadTime(mark[0][0]));
    id = ReadText(mark[0][1]);
  }
  const pqxx::row counted =
      tx.ExecOne(kUnreadAmongNewest, account_id.value(), time, id, kMaxUnread);
  if (counted[1].as<bool>()) return counted[0].as<int>();
  return tx.ExecOne(kUnreadByFollow, account_id.value(), time, id, kMaxUnread)[0].as<int>();
}

absl::StatusOr<FeedItem> ReadItem(const pqxx::row& row) {
  FeedItem item{.place = {ReadTime(row[1]), ReadId<PostId>(row[0])}, .unread = row[3].as<bool>()};
  if (!item.post.ParseFromString(ReadBytes(row[2]))) {
    return absl::InternalError("a stored summary cannot be read");
  }
  return item;
}

}  // namespace

absl::StatusOr<std::vector<FeedItem>> PostgresFeedStore::List(const AccountId& account_id,
                                                              const std::optional<FeedPlace>& after,
                                                              int limit) {
  return RunRead<std::vector<FeedItem>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<FeedItem>> {
        std::vector<FeedItem> items;
        for (const pqxx::row& row : LoadItems(tx, account_id, after, limit)) {
          ASSIGN_OR_RETURN(FeedItem item, ReadItem(row));
          items.push_back(std::move(item));
        }
        AddReasons(tx, account_id, items);
        return items;
      });
}

absl::StatusOr<bool> PostgresFeedStore::FollowsNothing(const AccountId& account_id) {
  return RunQuery<bool>(pool_, [&](Transaction& tx) -> absl::StatusOr<bool> {
    return tx.Exec("SELECT 1 FROM follows WHERE account_id = $1 LIMIT 1", account_id.value())
        .empty();
  });
}

absl::Status PostgresFeedStore::MarkSeen(const AccountId& account_id, const FeedPlace& place) {
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    tx.Exec(kMark, account_id.value(), SqlTime(place.publish_time), place.post_id.value());
    return absl::OkStatus();
  });
}

absl::StatusOr<FeedState> PostgresFeedStore::State(const AccountId& account_id) {
  return RunRead<FeedState>(pool_, [&](Transaction& tx) -> absl::StatusOr<FeedState> {
    const pqxx::result newest = LoadItems(tx, account_id, std::nullopt, 1);
    FeedState state{.unread_count = CountUnread(tx, account_id)};
    if (!newest.empty()) state.newest_time = ReadTime(newest[0][1]);
    return state;
  });
}

}  // namespace rostrum::feed
