#include "services/comment/postgres_comment_store.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "rostrum/comment/v1/events.pb.h"
#include "services/comment/comment_proto.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::comment {
namespace {

constexpr char kColumns[] = R"sql(
  SELECT c.comment_id, c.post_id, c.parent_id, c.author_id, p.display_name, c.body, c.body_html,
         c.create_time, c.edit_time, c.delete_time, c.reply_count, c.depth, c.version, c.channel_id
  FROM comments c JOIN commenters p ON p.account_id = c.author_id
)sql";

// A name that is known stays: the caller's may be a minute old, and account tells
// of new ones.
constexpr char kAddCommenter[] = R"sql(
  INSERT INTO commenters (account_id, display_name) VALUES ($1, $2) ON CONFLICT DO NOTHING)sql";

constexpr char kUpsertCommenter[] = R"sql(
  INSERT INTO commenters (account_id, display_name) VALUES ($1, $2)
  ON CONFLICT (account_id) DO UPDATE SET display_name = excluded.display_name
  WHERE commenters.display_name <> excluded.display_name)sql";

constexpr char kInsert[] = R"sql(
  INSERT INTO comments (comment_id, post_id, channel_id, parent_id, author_id, body, body_html,
                        create_time, depth)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql";

constexpr char kAddReply[] =
    "UPDATE comments SET reply_count = reply_count + 1 WHERE comment_id = $1";

constexpr char kAddToDiscussion[] = R"sql(
  INSERT INTO discussions (post_id, comment_count) VALUES ($1, $2)
  ON CONFLICT (post_id) DO UPDATE SET comment_count = discussions.comment_count + $2)sql";

constexpr char kUpdate[] = R"sql(
  UPDATE comments SET body = $2, body_html = $3, edit_time = $4, delete_time = $5, version = $6
  WHERE comment_id = $1)sql";

constexpr char kKeepRevision[] = R"sql(
  INSERT INTO comment_revisions (comment_id, version, body_html, create_time)
  VALUES ($1, $2, $3, $4))sql";

constexpr char kDropRevisions[] = R"sql(
  DELETE FROM comment_revisions WHERE comment_id = $1 AND version <= (
    SELECT version FROM comment_revisions WHERE comment_id = $1
    ORDER BY version DESC OFFSET 50 LIMIT 1))sql";

constexpr char kForgetRevisions[] = "DELETE FROM comment_revisions WHERE comment_id = $1";

constexpr char kListRevisions[] = R"sql(
  SELECT body_html, create_time FROM comment_revisions
  WHERE comment_id = $1 ORDER BY version DESC LIMIT 50)sql";

const CounterFamily kCreated{
    "comments_created_total", "Comments that were written, replies too.", {"subject"}};

// The value of the column that is the subject's, or NULL.
template <class Id>
std::optional<std::string> Column(const Subject& subject) {
  const Id* id = std::get_if<Id>(&subject);
  return id == nullptr ? std::nullopt : std::make_optional(id->value());
}

Subject ReadSubject(const pqxx::row& row) {
  if (row[1].is_null()) return ReadId<ChannelId>(row[13]);
  return ReadId<PostId>(row[1]);
}

Comment ReadComment(const pqxx::row& row) {
  return Comment{
      .id = ReadId<CommentId>(row[0]),
      .subject = ReadSubject(row),
      .parent_id = ReadOptionalId<CommentId>(row[2]),
      .author_id = ReadId<AccountId>(row[3]),
      .author_name = ReadText(row[4]),
      .body = ReadText(row[5]),
      .body_html = ReadText(row[6]),
      .create_time = ReadTime(row[7]),
      .edit_time = ReadOptionalTime(row[8]),
      .delete_time = ReadOptionalTime(row[9]),
      .reply_count = row[10].as<int>(),
      .depth = row[11].as<int>(),
      .version = row[12].as<int64_t>(),
  };
}

enum class Lock { kNone, kForUpdate };

absl::StatusOr<Comment> Load(Transaction& tx, const CommentId& id, Lock lock = Lock::kNone) {
  const pqxx::result rows =
      tx.Exec(absl::StrCat(kColumns, " WHERE c.comment_id = $1",
                           lock == Lock::kForUpdate ? " FOR UPDATE OF c" : ""),
              id.value());
  if (rows.empty()) {
    return Error(absl::StatusCode::kNotFound, "COMMENT_NOT_FOUND", "there is no such comment");
  }
  return ReadComment(rows[0]);
}

// Loads the parent and checks that it can be replied to.
absl::StatusOr<Comment> LoadParent(Transaction& tx, const NewComment& comment) {
  absl::StatusOr<Comment> parent = Load(tx, *comment.parent_id, Lock::kForUpdate);
  if (absl::IsNotFound(parent.status()) || (parent.ok() && parent->subject != comment.subject)) {
    return Error(absl::StatusCode::kNotFound, "PARENT_NOT_FOUND",
                 "there is no such comment to reply to");
  }
  RETURN_IF_ERROR(parent);
  RETURN_IF_ERROR(CheckReplyTo(*parent));
  return parent;
}

}  // namespace

PostgresCommentStore::PostgresCommentStore(PgPool& pool, OutboxSignal& signal, Metrics& metrics)
    : pool_(pool),
      signal_(signal),
      on_posts_(metrics.Counter(kCreated, {"post"})),
      in_rooms_(metrics.Counter(kCreated, {"room"})) {}

absl::StatusOr<std::optional<Comment>> PostgresCommentStore::FindRepeated(
    const IdempotencyKey& key) {
  return RunRead<std::optional<Comment>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::optional<Comment>> {
        ASSIGN_OR_RETURN(const std::optional<std::string> id, FindIdempotentResult(tx, key));
        if (!id.has_value()) return std::optional<Comment>();
        ASSIGN_OR_RETURN(Comment comment, Load(tx, CommentId(*id)));
        return std::make_optional(std::move(comment));
      });
}

absl::StatusOr<Comment> PostgresCommentStore::Create(const NewComment& comment,
                                                     const IdempotencyKey& key) {
  bool fresh = false;
  auto created = RunTx<Comment>(pool_, [&](Transaction& tx) -> absl::StatusOr<Comment> {
    ASSIGN_OR_RETURN(std::optional<std::string> known, ClaimIdempotencyKey(tx, key));
    fresh = !known.has_value();
    if (!fresh) return Load(tx, CommentId(*known));

    std::optional<Comment> parent;
    if (comment.parent_id.has_value()) {
      ASSIGN_OR_RETURN(parent, LoadParent(tx, comment));
    }
    tx.Exec(kAddCommenter, comment.author_id.value(), comment.author_name);
    tx.Exec(kInsert, comment.id.value(), Column<PostId>(comment.subject),
            Column<ChannelId>(comment.subject),
            parent ? std::make_optional(parent->id.value()) : std::nullopt,
            comment.author_id.value(), comment.body, comment.body_html,
            SqlTime(comment.create_time), parent ? parent->depth + 1 : 0);
    if (parent.has_value()) tx.Exec(kAddReply, parent->id.value());
    tx.Exec(kAddToDiscussion, IdOf(comment.subject), 1);
    RecordIdempotentResult(tx, key, comment.id.value());

    ASSIGN_OR_RETURN(Comment stored, Load(tx, comment.id));
    pb::CommentCreated event;
    *event.mutable_comment() = ToProto(stored);
    if (parent.has_value()) event.set_parent_account_id(parent->author_id.value());
    WriteEvent(tx, IdOf(comment.subject), event, comment.create_time);
    return stored;
  });
  if (!created.ok()) return created;
  if (fresh) {
    (std::holds_alternative<PostId>(comment.subject) ? on_posts_ : in_rooms_).Increment();
  }
  signal_.Notify();
  return created;
}

absl::StatusOr<Comment> PostgresCommentStore::Get(const CommentId& id) {
  return RunRead<Comment>(pool_, [&](Transaction& tx) { return Load(tx, id); });
}

absl::StatusOr<Comment> PostgresCommentStore::Update(
    const CommentId& id, const std::function<absl::Status(Comment&)>& change) {
  auto updated = RunTx<Comment>(pool_, [&](Transaction& tx) -> absl::StatusOr<Comment> {
    ASSIGN_OR_RETURN(const Comment before, Load(tx, id, Lock::kForUpdate));
    Comment after = before;
    RETURN_IF_ERROR(change(after));
    if (after.version == before.version) return after;

    tx.Exec(kUpdate, id.value(), after.body, after.body_html, SqlTime(after.edit_time),
            SqlTime(after.delete_time), after.version);
    if (after.deleted()) {
      tx.Exec(kForgetRevisions, id.value());
      tx.Exec(kAddToDiscussion, IdOf(after.subject), -1);
    } else {
      tx.Exec(kKeepRevision, id.value(), before.version, before.body_html,
              SqlTime(before.edit_time.value_or(before.create_time)));
      tx.Exec(kDropRevisions, id.value());
    }
    pb::CommentChanged event;
    *event.mutable_comment() = ToProto(after);
    WriteEvent(tx, IdOf(after.subject), event,
               after.deleted() ? *after.delete_time : *after.edit_time);
    return after;
  });
  if (updated.ok()) signal_.Notify();
  return updated;
}

absl::StatusOr<std::vector<Comment>> PostgresCommentStore::List(const CommentQuery& query) {
  // $1 is what is listed, $2 and $3 the cursor, $4 the limit.
  const char* column =
      std::holds_alternative<PostId>(query.subject) ? "c.post_id = $1" : "c.channel_id = $1";
  const std::string where =
      query.parent_id.has_value()
          ? "c.parent_id = $1"
          : absl::StrCat(column, query.flat ? "" : " AND c.parent_id IS NULL");
  const std::string& listed =
      query.parent_id.has_value() ? query.parent_id->value() : IdOf(query.subject);
  const std::string order =
      query.newest_first ? "c.create_time DESC, c.comment_id DESC" : "c.create_time, c.comment_id";
  const std::string beyond =
      absl::StrCat("(c.create_time, c.comment_id) ", query.newest_first ? "<" : ">",
                   " ($2::timestamptz, $3::uuid)");
  std::optional<std::string> cursor_time, cursor_id;
  if (query.after.has_value()) {
    cursor_time = SqlTime(query.after->create_time);
    cursor_id = query.after->id.value();
  }
  return RunRead<std::vector<Comment>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Comment>> {
        const pqxx::result rows =
            tx.Exec(absl::StrCat(kColumns, " WHERE ", where, " AND ($2::timestamptz IS NULL OR ",
                                 beyond, ") ORDER BY ", order, " LIMIT $4"),
                    listed, cursor_time, cursor_id, query.limit);
        std::vector<Comment> comments;
        comments.reserve(rows.size());
        for (const pqxx::row& row : rows) comments.push_back(ReadComment(row));
        return comments;
      });
}

absl::StatusOr<int> PostgresCommentStore::Count(const Subject& subject) {
  return RunRead<int>(pool_, [&](Transaction& tx) -> absl::StatusOr<int> {
    const pqxx::result rows =
        tx.Exec("SELECT comment_count FROM discussions WHERE post_id = $1", IdOf(subject));
    return rows.empty() ? 0 : rows[0][0].as<int>();
  });
}

absl::StatusOr<std::vector<Revision>> PostgresCommentStore::ListRevisions(const CommentId& id) {
  return RunRead<std::vector<Revision>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Revision>> {
        std::vector<Revision> revisions;
        for (const pqxx::row& row : tx.Exec(kListRevisions, id.value())) {
          revisions.push_back({ReadText(row[0]), ReadTime(row[1])});
        }
        return revisions;
      });
}

void RenameCommenter(Transaction& tx, const AccountId& account_id,
                     const std::string& display_name) {
  tx.Exec(kUpsertCommenter, account_id.value(), display_name);
}

}  // namespace rostrum::comment
