#include "services/content/manuscript_rows.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/content/slug.h"

namespace rostrum::content {
namespace {

constexpr char kTexts[] = "p.markdown, p.body_html, p.preview_html";
constexpr char kNoTexts[] = "'', '', ''";

constexpr char kColumns[] = R"sql(
  , p.post_id, p.slug, p.title, p.lede, p.word_count, p.channel_id, p.author_id, p.access_level,
    p.picture_media_id, p.picture_caption, p.picture_credit, p.picture_alt_text, m.width, m.height,
    a.account_id, p.state, p.publish_time, p.schedule_time, p.revise_time, p.create_time,
    p.update_time, p.text_time, p.text_account_id, p.version
  FROM posts p
  JOIN authors a ON a.author_id = p.author_id
  LEFT JOIN media m ON m.media_id = p.picture_media_id )sql";

constexpr char kTopics[] = R"sql(
  SELECT post_id, topic_id FROM post_topics
  WHERE post_id = any($1::uuid[]) ORDER BY post_id, place)sql";

constexpr char kInsert[] = R"sql(
  INSERT INTO posts (post_id, channel_id, author_id, slug, title, lede, markdown, body_html,
                     preview_html, word_count, access_level, picture_media_id, picture_caption,
                     picture_credit, picture_alt_text, state, publish_time, schedule_time,
                     revise_time, update_time, text_time, text_account_id, version, create_time)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
          $20, $21, $22, $23, $24))sql";

constexpr char kUpdate[] = R"sql(
  UPDATE posts SET
    channel_id = $2, author_id = $3, slug = $4, title = $5, lede = $6, markdown = $7,
    body_html = $8, preview_html = $9, word_count = $10, access_level = $11,
    picture_media_id = $12, picture_caption = $13, picture_credit = $14, picture_alt_text = $15,
    state = $16, publish_time = $17, schedule_time = $18, revise_time = $19, update_time = $20,
    text_time = $21, text_account_id = $22, version = $23
  WHERE post_id = $1)sql";

constexpr char kTakeSlug[] = R"sql(
  INSERT INTO post_slugs (channel_id, slug, post_id) VALUES ($1, $2, $3)
  ON CONFLICT (channel_id, slug) DO NOTHING)sql";

// Old slugs of a draft are not kept: there are no links to them.
constexpr char kDropSlugs[] = "DELETE FROM post_slugs WHERE post_id = $1";

constexpr char kTaken[] =
    "SELECT slug FROM post_slugs WHERE channel_id = $1 AND slug = any($2::text[])";

constexpr char kSlugOwner[] = "SELECT post_id FROM post_slugs WHERE channel_id = $1 AND slug = $2";

constexpr char kKeepRevision[] = R"sql(
  INSERT INTO post_revisions (post_id, revision, title, markdown, create_time, account_id)
  SELECT $1, coalesce(max(revision), 0) + 1, $2, $3, $4, $5
  FROM post_revisions WHERE post_id = $1)sql";

constexpr char kDropRevisions[] = R"sql(
  DELETE FROM post_revisions WHERE post_id = $1
    AND revision <= (SELECT max(revision) FROM post_revisions WHERE post_id = $1) - $2)sql";

Manuscript Read(const pqxx::row& row) {
  Manuscript m;
  ManuscriptContent& content = m.content;
  content.markdown = ReadText(row[0]);
  content.body_html = ReadText(row[1]);
  content.preview_html = ReadText(row[2]);
  m.id = ReadId<PostId>(row[3]);
  content.slug = ReadText(row[4]);
  content.title = ReadText(row[5]);
  content.lede = ReadText(row[6]);
  content.word_count = row[7].as<int>();
  content.channel_id = ReadOptionalId<ChannelId>(row[8]);
  content.author_id = ReadId<AuthorId>(row[9]);
  content.access_level = static_cast<AccessLevel>(row[10].as<int>());
  if (!row[11].is_null()) {
    content.picture = Picture{.media_id = ReadId<MediaId>(row[11]),
                              .caption = ReadText(row[12]),
                              .credit = ReadText(row[13]),
                              .alt_text = ReadText(row[14]),
                              .width = row[15].as<int>(),
                              .height = row[16].as<int>()};
  }
  m.author_account_id = ReadOptionalId<AccountId>(row[17]).value_or(AccountId());
  m.state = static_cast<ManuscriptState>(row[18].as<int>());
  m.publish_time = ReadOptionalTime(row[19]);
  m.schedule_time = ReadOptionalTime(row[20]);
  m.revise_time = ReadOptionalTime(row[21]);
  m.create_time = ReadTime(row[22]);
  m.update_time = ReadTime(row[23]);
  m.text_time = ReadTime(row[24]);
  m.text_account_id = ReadId<AccountId>(row[25]);
  m.version = row[26].as<int64_t>();
  return m;
}

void AddTopics(Transaction& tx, std::vector<Manuscript>& manuscripts) {
  absl::flat_hash_map<std::string, Manuscript*> by_id;
  std::vector<std::string> ids;
  for (Manuscript& manuscript : manuscripts) {
    by_id[manuscript.id.value()] = &manuscript;
    ids.push_back(manuscript.id.value());
  }
  for (const pqxx::row& row : tx.Exec(kTopics, SqlArray(ids))) {
    by_id.at(ReadText(row[0]))->content.topic_ids.push_back(ReadId<TopicId>(row[1]));
  }
}

std::vector<Manuscript> Load(Transaction& tx, const char* texts, const std::string& tail,
                             const std::vector<std::string>& arguments) {
  const pqxx::result rows = tx.Exec(absl::StrCat("SELECT ", texts, kColumns, tail),
                                    pqxx::prepare::make_dynamic_params(arguments));
  std::vector<Manuscript> manuscripts;
  for (const pqxx::row& row : rows) manuscripts.push_back(Read(row));
  if (!manuscripts.empty()) AddTopics(tx, manuscripts);
  return manuscripts;
}

// The values of a row, in the order of kInsert and kUpdate.
pqxx::result Write(Transaction& tx, const char* sql, const Manuscript& m, bool with_create_time) {
  const ManuscriptContent& c = m.content;
  const Picture picture = c.picture.value_or(Picture());
  const auto null_if_empty = [](const auto& id) {
    return id.empty() ? std::nullopt : std::make_optional(id.value());
  };
  std::vector<std::optional<std::string>> values = {
      m.id.value(),
      c.channel_id.has_value() ? std::make_optional(c.channel_id->value()) : std::nullopt,
      c.author_id.value(),
      c.slug,
      c.title,
      c.lede,
      c.markdown,
      c.body_html,
      c.preview_html,
      absl::StrCat(c.word_count),
      absl::StrCat(static_cast<int>(c.access_level)),
      null_if_empty(picture.media_id),
      picture.caption,
      picture.credit,
      picture.alt_text,
      absl::StrCat(static_cast<int>(m.state)),
      SqlTime(m.publish_time),
      SqlTime(m.schedule_time),
      SqlTime(m.revise_time),
      SqlTime(m.update_time),
      SqlTime(m.text_time),
      m.text_account_id.value(),
      absl::StrCat(m.version)};
  if (with_create_time) values.push_back(SqlTime(m.create_time));
  return tx.Exec(sql, pqxx::prepare::make_dynamic_params(values));
}

bool Exists(Transaction& tx, const char* sql, const std::string& id) {
  return !tx.Exec(sql, id).empty();
}

// Transactions that look for a free slug in a channel, or take one, run one after the other, so
// that a slug that was found free is still free. They take this lock before those of slugs.
constexpr char kLockSlugs[] =
    "SELECT pg_advisory_xact_lock(hashtextextended('post slugs of ' || $1::text, 0))";

void LockSlugs(Transaction& tx, const ManuscriptContent& content) {
  if (content.channel_id.has_value()) tx.Exec(kLockSlugs, content.channel_id->value());
}

}  // namespace

absl::StatusOr<Manuscript> LoadManuscript(Transaction& tx, const PostId& id, ManuscriptLock lock) {
  // Locks in a statement of its own: a statement with joins that waits for the lock would read
  // the new row of the post, but old rows of the joined tables.
  if (lock == ManuscriptLock::kForUpdate) {
    tx.Exec("SELECT 1 FROM posts WHERE post_id = $1 FOR UPDATE", id.value());
  }
  std::vector<Manuscript> found = Load(tx, kTexts, "WHERE p.post_id = $1", {id.value()});
  if (found.empty()) return ManuscriptNotFound();
  return std::move(found.front());
}

std::vector<Manuscript> LoadManuscripts(Transaction& tx, const std::string& tail,
                                        const std::vector<std::string>& arguments) {
  return Load(tx, kNoTexts, tail, arguments);
}

absl::Status CheckReferences(Transaction& tx, const ManuscriptContent& content) {
  FieldChecks checks;
  checks.Require(
      !content.channel_id.has_value() ||
          Exists(tx, "SELECT 1 FROM channels WHERE channel_id = $1", content.channel_id->value()),
      "manuscript.channel_id", "NOT_FOUND", "there is no such channel");
  checks.Require(
      Exists(tx, "SELECT 1 FROM authors WHERE author_id = $1", content.author_id.value()),
      "manuscript.author_id", "NOT_FOUND", "there is no such author");
  checks.Require(
      !content.picture.has_value() ||
          Exists(tx, "SELECT 1 FROM media WHERE media_id = $1", content.picture->media_id.value()),
      "manuscript.picture.media_id", "NOT_FOUND", "there is no such picture");
  for (size_t i = 0; i < content.topic_ids.size(); ++i) {
    checks.Require(
        Exists(tx, "SELECT 1 FROM topics WHERE topic_id = $1", content.topic_ids[i].value()),
        absl::StrCat("manuscript.topic_ids[", i, "]"), "NOT_FOUND", "there is no such topic");
  }
  return checks.status();
}

absl::Status TakePostSlug(Transaction& tx, const Manuscript& manuscript) {
  const ManuscriptContent& content = manuscript.content;
  LockSlugs(tx, content);
  // Links to a post that was ever published must keep working; there are none to drafts.
  if (!manuscript.publish_time.has_value()) tx.Exec(kDropSlugs, manuscript.id.value());
  if (!content.channel_id.has_value()) return absl::OkStatus();
  const std::string& channel = content.channel_id->value();
  tx.Exec(kTakeSlug, channel, content.slug, manuscript.id.value());
  const pqxx::result owner = tx.Exec(kSlugOwner, channel, content.slug);
  if (!owner.empty() && ReadText(owner[0][0]) == manuscript.id.value()) return absl::OkStatus();
  return Error(absl::StatusCode::kAlreadyExists, "SLUG_TAKEN",
               "the slug belongs to another post of the channel");
}

std::string FreePostSlug(Transaction& tx, const Manuscript& manuscript) {
  const ManuscriptContent& content = manuscript.content;
  std::vector<std::string> slugs = SlugsFor(content.title, manuscript.id);
  if (!content.channel_id.has_value()) return slugs.front();
  LockSlugs(tx, content);
  absl::flat_hash_set<std::string> taken;
  for (const pqxx::row& row : tx.Exec(kTaken, content.channel_id->value(), SqlArray(slugs))) {
    taken.insert(ReadText(row[0]));
  }
  const auto free = std::find_if_not(slugs.begin(), slugs.end(),
                                     [&](const auto& slug) { return taken.contains(slug); });
  return free == slugs.end() ? slugs.back() : *free;
}

void InsertManuscript(Transaction& tx, const Manuscript& manuscript) {
  Write(tx, kInsert, manuscript, /*with_create_time=*/true);
}

void UpdateManuscriptRow(Transaction& tx, const Manuscript& manuscript) {
  Write(tx, kUpdate, manuscript, /*with_create_time=*/false);
}

void WriteTopics(Transaction& tx, const Manuscript& manuscript) {
  tx.Exec("DELETE FROM post_topics WHERE post_id = $1", manuscript.id.value());
  int place = 0;
  for (const TopicId& topic : manuscript.content.topic_ids) {
    tx.Exec("INSERT INTO post_topics (post_id, topic_id, place) VALUES ($1, $2, $3)",
            manuscript.id.value(), topic.value(), place++);
  }
}

void KeepRevision(Transaction& tx, const Manuscript& former) {
  tx.Exec(kKeepRevision, former.id.value(), former.content.title, former.content.markdown,
          SqlTime(former.text_time), former.text_account_id.value());
  tx.Exec(kDropRevisions, former.id.value(), kMaxRevisions);
}

}  // namespace rostrum::content
