#include "services/content/postgres_post_store.h"

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/content/post_rows.h"

namespace rostrum::content {
namespace {

constexpr char kById[] = "WHERE p.post_id = $1 AND p.state = 3";

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

constexpr char kVersions[] = R"sql(
  SELECT p.post_id, p.access_level, a.account_id, p.version, c.version, a.version
  FROM posts p
  JOIN channels c ON c.channel_id = p.channel_id
  JOIN authors a ON a.author_id = p.author_id
  WHERE p.post_id = any($1::uuid[]) AND p.state = 3)sql";

constexpr char kBody[] =
    "SELECT body_html FROM posts WHERE post_id = $1 AND state = 3 AND access_level = $2";
constexpr char kPreview[] =
    "SELECT preview_html FROM posts WHERE post_id = $1 AND state = 3 AND access_level = $2";

absl::Status NotFound() {
  return Error(absl::StatusCode::kNotFound, "POST_NOT_FOUND", "there is no such post");
}

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
    if (posts.empty()) return NotFound();
    return std::move(posts.front());
  });
}

absl::StatusOr<PostFacts> PostgresPostStore::GetFacts(const PostId& id) {
  return RunRead<PostFacts>(pool_, [&](Transaction& tx) -> absl::StatusOr<PostFacts> {
    const pqxx::result rows = tx.Exec(kFacts, id.value());
    if (rows.empty()) return NotFound();
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
  std::vector<std::string> wanted;
  for (const PostId& id : ids) wanted.push_back(id.value());
  return RunRead<Versions>(pool_, [&](Transaction& tx) -> absl::StatusOr<Versions> {
    Versions versions;
    for (const pqxx::row& row : tx.Exec(kVersions, SqlArray(wanted))) {
      const PostId id = ReadId<PostId>(row[0]);
      const auto level = static_cast<AccessLevel>(row[1].as<int>());
      versions[id] = {
          .facts = {.id = id,
                    .published = true,
                    .access_level = level,
                    .author_account_id = ReadOptionalId<AccountId>(row[2]).value_or(AccountId())},
          .version = ReaderVersion(row[3].as<int64_t>(), row[4].as<int64_t>(), row[5].as<int64_t>(),
                                   level)};
    }
    return versions;
  });
}

absl::StatusOr<std::string> PostgresPostStore::GetText(const PostId& id, AccessLevel decided_for,
                                                       TextPart part) {
  return RunRead<std::string>(pool_, [&](Transaction& tx) -> absl::StatusOr<std::string> {
    const pqxx::result rows = tx.Exec(part == TextPart::kBody ? kBody : kPreview, id.value(),
                                      static_cast<int>(decided_for));
    if (!rows.empty()) return ReadText(rows[0][0]);
    return RetryLater(absl::StatusCode::kUnavailable, "POST_CHANGED",
                      "the post was changed at this moment", absl::Seconds(1));
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
        return LoadSummaries(tx, tail, where.arguments());
      });
}

}  // namespace rostrum::content
