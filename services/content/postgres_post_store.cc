#include "services/content/postgres_post_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/id_array.h"
#include "services/common/postgres/transaction.h"
#include "services/content/post_rows.h"

namespace rostrum::content {
namespace {

constexpr char kById[] = "WHERE p.post_id = $1 AND p.state = 3";

// PostgreSQL keeps a generic plan only if planning with the arguments finds no cheaper one, and
// for a short array it seems to find one. The subselect hides the array from both plans.
constexpr char kByIds[] = "WHERE p.post_id = any(ARRAY(SELECT unnest($1::uuid[]))) AND p.state = 3";

constexpr char kByIdOfChannelAndSlug[] = R"sql(
  JOIN post_slugs s ON s.post_id = p.post_id
  WHERE s.channel_id = $1 AND s.slug = $2 AND p.state = 3)sql";

constexpr char kBySlugs[] = R"sql(
  JOIN post_slugs s ON s.post_id = p.post_id
  JOIN catalog_slugs cs ON cs.id = s.channel_id AND cs.kind = 'channel'
  WHERE cs.slug = $1 AND s.slug = $2 AND p.state = 3)sql";

constexpr char kFacts[] = R"sql(
  SELECT p.state, p.access_level, a.account_id
  FROM posts p JOIN authors a ON a.author_id = p.author_id
  WHERE p.post_id = $1)sql";

// The code that reads the rows leaves out drafts: with a condition here the planner may go
// through the index of all published posts.
constexpr char kVersions[] = R"sql(
  SELECT p.post_id, p.access_level, a.account_id, p.version, c.version, a.version, p.state
  FROM posts p
  JOIN channels c ON c.channel_id = p.channel_id
  JOIN authors a ON a.author_id = p.author_id
  WHERE p.post_id = any(ARRAY(SELECT unnest($1::uuid[]))))sql";

// $1 is an earlier snapshot. The changes that it does not show were made by transactions that
// ran at that time or began later. The first column identifies the history of the database:
// in another one the ids of the snapshot may belong to other transactions. That is so after a
// failover, in a restored database, and after a crash, which forgets the ids of transactions
// that wrote nothing (its recovery ends with a checkpoint). Changes with ids that are still to
// come were restored with a dump, and are left out.
constexpr char kLook[] = R"sql(
  SELECT concat_ws('/', epoch, left(pg_walfile_name(pg_current_wal_lsn()), 8),
                   (SELECT checkpoint_lsn FROM pg_control_checkpoint())),
         pg_current_snapshot(),
         EXISTS (SELECT FROM published_changes
                 WHERE xid >= pg_snapshot_xmin($1::pg_snapshot)
                   AND xid < pg_snapshot_xmax(pg_current_snapshot())
                   AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot))
  FROM outbox_epoch)sql";
// A snapshot in which no transaction is visible.
constexpr char kNoSnapshot[] = "3:3:";

constexpr char kPlaces[] = R"sql(
  SELECT w.channel, w.slug, p.post_id
  FROM unnest($1::text[], $2::text[]) AS w (channel, slug)
  JOIN catalog_slugs cs ON cs.slug = w.channel AND cs.kind = 'channel'
  JOIN channels c ON c.channel_id = cs.id AND c.slug = cs.slug
  JOIN post_slugs s ON s.channel_id = c.channel_id AND s.slug = w.slug
  JOIN posts p ON p.post_id = s.post_id
  WHERE p.state = 3 AND p.channel_id = s.channel_id AND p.slug = s.slug)sql";

// The level is a condition, so that no text is read if the level has changed since access was
// decided.
constexpr char kOfLevel[] = R"sql(
  FROM posts p JOIN unnest($1::uuid[], $2::smallint[]) AS w (post_id, access_level)
    ON w.post_id = p.post_id AND w.access_level = p.access_level
  WHERE p.state = 3)sql";

// Conditions and their arguments, numbered as they come.
class Conditions {
 public:
  // The place of one more argument: "$1", "$2", ...
  std::string Place(const std::string& argument) {
    arguments_.push_back(argument);
    return absl::StrCat("$", arguments_.size());
  }
  void And(const std::string& condition) { absl::StrAppend(&text_, " AND ", condition); }

  const std::string& text() const { return text_; }
  const std::vector<std::string>& arguments() const { return arguments_; }

 private:
  std::string text_;
  std::vector<std::string> arguments_;
};

void LoadTexts(Transaction& tx, TextPart part, const std::vector<TextRef>& refs,
               std::map<TextRef, std::string>& texts) {
  std::vector<std::string> ids, levels;
  for (const TextRef& ref : refs) {
    if (ref.part != part) continue;
    ids.push_back(ref.id.value());
    levels.push_back(absl::StrCat(static_cast<int>(ref.decided_for)));
  }
  if (ids.empty()) return;
  const char* const column = part == TextPart::kBody ? "p.body_html" : "p.preview_html";
  const std::string sql = absl::StrCat("SELECT p.post_id, p.access_level, ", column, kOfLevel);
  for (const pqxx::row& row : tx.Exec(sql, SqlArray(ids), SqlArray(levels))) {
    const auto level = static_cast<AccessLevel>(row[1].as<int>());
    texts[{ReadId<PostId>(row[0]), level, part}] = ReadText(row[2]);
  }
}

Conditions ConditionsOf(const PostQuery& query) {
  Conditions where;
  if (query.channel_id.has_value()) {
    where.And(absl::StrCat("p.channel_id = ", where.Place(query.channel_id->value())));
  }
  if (query.author_id.has_value()) {
    where.And(absl::StrCat("p.author_id = ", where.Place(query.author_id->value())));
  }
  if (query.topic_id.has_value()) {
    where.And(absl::StrCat("p.post_id IN (SELECT post_id FROM post_topics WHERE topic_id = ",
                           where.Place(query.topic_id->value()), ")"));
  }
  if (query.access_level.has_value()) {
    where.And(absl::StrCat("p.access_level = ",
                           where.Place(absl::StrCat(static_cast<int>(*query.access_level)))));
  }
  if (query.after.has_value()) {
    const std::string time = where.Place(SqlTime(query.after->publish_time));
    const std::string id = where.Place(query.after->id.value());
    where.And(
        absl::StrCat("(p.publish_time, p.post_id) < (", time, "::timestamptz, ", id, "::uuid)"));
  }
  return where;
}

}  // namespace

absl::StatusOr<PostSummary> PostgresPostStore::Find(const PostRef& ref) {
  return RunRead<PostSummary>(pool_, [&](Transaction& tx) -> absl::StatusOr<PostSummary> {
    std::vector<PostSummary> posts =
        ref.id.has_value()
            ? LoadSummaries(tx, kById, {ref.id->value()})
            : LoadSummaries(tx, IsUuid(ref.channel) ? kByIdOfChannelAndSlug : kBySlugs,
                            {ref.channel, ref.slug});
    if (posts.empty()) return PostNotFound();
    return std::move(posts.front());
  });
}

absl::StatusOr<std::map<PostId, PostSummary>> PostgresPostStore::FindAll(
    const std::vector<PostId>& ids) {
  using Posts = std::map<PostId, PostSummary>;
  return RunRead<Posts>(pool_, [&](Transaction& tx) -> absl::StatusOr<Posts> {
    Posts posts;
    for (PostSummary& post : LoadSummaries(tx, kByIds, {SqlIds(ids)})) {
      const PostId id = post.id;
      posts[id] = std::move(post);
    }
    return posts;
  });
}

absl::StatusOr<std::map<SlugPair, PostId>> PostgresPostStore::Resolve(
    const std::vector<SlugPair>& places) {
  using Found = std::map<SlugPair, PostId>;
  std::vector<std::string> channels, slugs;
  for (const SlugPair& place : places) {
    channels.push_back(place.channel);
    slugs.push_back(place.slug);
  }
  return RunQuery<Found>(pool_, [&](Transaction& tx) -> absl::StatusOr<Found> {
    Found found;
    for (const pqxx::row& row : tx.Exec(kPlaces, SqlArray(channels), SqlArray(slugs))) {
      found[{ReadText(row[0]), ReadText(row[1])}] = ReadId<PostId>(row[2]);
    }
    return found;
  });
}

absl::StatusOr<PostFacts> PostgresPostStore::GetFacts(const PostId& id) {
  return RunQuery<PostFacts>(pool_, [&](Transaction& tx) -> absl::StatusOr<PostFacts> {
    const pqxx::result rows = tx.Exec(kFacts, id.value());
    if (rows.empty()) return PostNotFound();
    return PostFacts{
        .id = id,
        .published = rows[0][0].as<int>() == 3,
        .access_level = static_cast<AccessLevel>(rows[0][1].as<int>()),
        .author_account_id = ReadOptionalId<AccountId>(rows[0][2]).value_or(AccountId())};
  });
}

absl::StatusOr<std::map<PostId, PostVersion>> PostgresPostStore::GetVersions(
    const std::vector<PostId>& ids) {
  using Versions = std::map<PostId, PostVersion>;
  return RunQuery<Versions>(pool_, [&](Transaction& tx) -> absl::StatusOr<Versions> {
    Versions versions;
    for (const pqxx::row& row : tx.Exec(kVersions, SqlIds(ids))) {
      if (row[6].as<int>() != 3) continue;
      const PostId id = ReadId<PostId>(row[0]);
      const auto level = static_cast<AccessLevel>(row[1].as<int>());
      versions[id] = {
          .facts = {.id = id,
                    .published = true,
                    .access_level = level,
                    .author_account_id = ReadOptionalId<AccountId>(row[2]).value_or(AccountId())},
          .version = {row[3].as<int64_t>(), row[4].as<int64_t>(), row[5].as<int64_t>(), level}};
    }
    return versions;
  });
}

absl::StatusOr<PostStore::Look> PostgresPostStore::LookForChanges(const std::string& since) {
  const std::pair<std::string, std::string> before = absl::StrSplit(since, absl::MaxSplits(' ', 1));
  return RunQuery<Look>(pool_, [&](Transaction& tx) -> absl::StatusOr<Look> {
    const std::string& snapshot = before.second.empty() ? kNoSnapshot : before.second;
    const pqxx::row row = tx.Exec(kLook, snapshot)[0];
    const std::string history = ReadText(row[0]);
    return Look{.state = absl::StrCat(history, " ", ReadText(row[1])),
                .changed = history != before.first || row[2].as<bool>()};
  });
}

absl::StatusOr<std::map<TextRef, std::string>> PostgresPostStore::GetTexts(
    const std::vector<TextRef>& refs) {
  using Texts = std::map<TextRef, std::string>;
  return RunRead<Texts>(pool_, [&](Transaction& tx) -> absl::StatusOr<Texts> {
    Texts texts;
    LoadTexts(tx, TextPart::kBody, refs, texts);
    LoadTexts(tx, TextPart::kPreview, refs, texts);
    return texts;
  });
}

absl::StatusOr<std::vector<PostSummary>> PostgresPostStore::List(const PostQuery& query) {
  Conditions where = ConditionsOf(query);
  const std::string limit = where.Place(absl::StrCat(query.limit));
  const std::string tail =
      absl::StrCat("WHERE p.state = 3", where.text(),
                   " ORDER BY p.publish_time DESC, p.post_id DESC LIMIT ", limit);
  return RunRead<std::vector<PostSummary>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<PostSummary>> {
        // The posts of a rare topic are looked up, those of a common one are met soon by time.
        return LoadSummaries(tx, tail, where.arguments(),
                             query.topic_id.has_value() ? Plan::kEachTime : Plan::kOnce);
      });
}

std::string PurgePublishedChanges(Transaction& tx, const std::string& horizon) {
  if (!horizon.empty()) tx.Exec("DELETE FROM published_changes WHERE xid < $1::xid8", horizon);
  return ReadText(tx.Exec("SELECT pg_snapshot_xmin(pg_current_snapshot())")[0][0]);
}

}  // namespace rostrum::content
