#include "services/comment/postgres_comment_store.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "rostrum/comment/v1/events.pb.h"
#include "services/comment/comment_proto.h"
#include "services/comment/comment_rows.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/sql_error.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/request_context.h"
#include "services/common/trace/span.h"
#include "services/common/trace/store_outcome.h"

namespace rostrum::comment {
namespace {

constexpr char kUpsertCommenter[] = R"sql(
  INSERT INTO commenters (account_id, display_name) VALUES ($1, $2)
  ON CONFLICT (account_id) DO UPDATE SET display_name = excluded.display_name
  WHERE commenters.display_name <> excluded.display_name)sql";

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

// Whether one comment of a batch may have caused the failure of all: the database fails the
// whole transaction.
bool MayBeOfOne(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsInvalidArgument(status) ||
         absl::IsAlreadyExists(status) || absl::IsFailedPrecondition(status) ||
         ReasonOf(status) == kRowLocked;
}

}  // namespace

PostgresCommentStore::PostgresCommentStore(PgPool& pool, OutboxSignal& signal, Metrics& metrics,
                                           BatchSize batch_size)
    : pool_(pool),
      signal_(signal),
      batch_size_(batch_size),
      creations_([this](const std::vector<Creation>& wanted) { return WriteBatch(wanted); }),
      on_posts_(metrics.Counter(kCreated, {"post"})),
      in_rooms_(metrics.Counter(kCreated, {"room"})) {}

absl::StatusOr<std::optional<Comment>> PostgresCommentStore::FindRepeated(
    const IdempotencyKey& key) {
  return RunRead<std::optional<Comment>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::optional<Comment>> {
        ASSIGN_OR_RETURN(const std::optional<std::string> id, FindIdempotentResult(tx, key));
        if (!id.has_value()) return std::optional<Comment>();
        ASSIGN_OR_RETURN(Comment comment, LoadComment(tx, CommentId(*id)));
        return std::make_optional(std::move(comment));
      });
}

absl::StatusOr<Comment> PostgresCommentStore::Create(const NewComment& comment,
                                                     const IdempotencyKey& key) {
  ScopedSpan span(SpanKind::kClient, "comment_store.Create");
  span->Set({"db.system", "postgresql"});
  absl::StatusOr<Written> written =
      creations_.Do({comment, key, TraceContext::Current()}, RequestContext::Current().TimeLeft());
  absl::StatusOr<Comment> created = written.ok() ? std::move(written->comment) : written.status();
  if (written.ok()) span->Link(written->batch);
  MarkOutcome(*span, created.status());
  return created;
}

std::vector<PostgresCommentStore::Written> PostgresCommentStore::WriteBatch(
    const std::vector<Creation>& wanted) {
  const TraceContext batch = IfRecorded(TraceContext::Current());
  std::vector<Written> written;
  written.reserve(wanted.size());
  for (absl::StatusOr<Comment>& comment : CreateFitting(wanted)) {
    written.push_back({std::move(comment), batch});
  }
  return written;
}

std::vector<absl::StatusOr<Comment>> PostgresCommentStore::CreateFitting(
    const std::vector<Creation>& wanted) {
  const size_t most = std::min(wanted.size(), batch_size_.most());
  const std::vector<Creation> fitting(wanted.data(), wanted.data() + most);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<absl::StatusOr<Comment>> comments = CreateAll(fitting);
  batch_size_.Took(fitting.size(), absl::FromChrono(std::chrono::steady_clock::now() - begin));
  comments.resize(wanted.size(),
                  RetryLater(absl::StatusCode::kResourceExhausted, kDatabaseBusy,
                             "too many comments at once, try again shortly", absl::Seconds(1)));
  return comments;
}

std::vector<absl::StatusOr<Comment>> PostgresCommentStore::CreateAll(
    const std::vector<Creation>& wanted) {
  auto created = CreateTogether(wanted);
  if (created.ok()) return *std::move(created);
  std::vector<absl::StatusOr<Comment>> comments(wanted.size(), created.status());
  if (wanted.size() == 1 || !MayBeOfOne(created.status())) return comments;
  // Grouped by parent, because replies to one comment wait for the same row. Comments without a
  // parent come first.
  std::map<std::string, std::vector<size_t>> by_parent;
  for (size_t i = 0; i < wanted.size(); ++i) {
    by_parent[wanted[i].comment.parent_id.value_or(CommentId()).value()].push_back(i);
  }
  for (const auto& [parent, places] : by_parent) CreateThese(wanted, places, comments);
  return comments;
}

void PostgresCommentStore::CreateThese(const std::vector<Creation>& wanted,
                                       const std::vector<size_t>& places,
                                       std::vector<absl::StatusOr<Comment>>& comments) {
  std::vector<Creation> these;
  for (const size_t i : places) these.push_back(wanted[i]);
  auto created = CreateTogether(these);
  const bool is_held = ReasonOf(created.status()) == kRowLocked;
  const bool shared = is_held && these.front().comment.parent_id.has_value();
  const bool each_alone = MayBeOfOne(created.status()) && !shared && these.size() > 1;
  for (size_t k = 0; k < places.size(); ++k) {
    if (created.ok()) {
      comments[places[k]] = std::move((*created)[k]);
    } else if (each_alone) {
      CreateThese(wanted, {places[k]}, comments);
    } else {
      comments[places[k]] = created.status();
    }
  }
}

absl::StatusOr<std::vector<absl::StatusOr<Comment>>> PostgresCommentStore::CreateTogether(
    const std::vector<Creation>& wanted) {
  const ScopedBatchContext context(kBatchTime);
  using Results = std::vector<absl::StatusOr<CreatedComment>>;
  ASSIGN_OR_RETURN(Results created,
                   RunTx<Results>(pool_, [&](Transaction& tx) -> absl::StatusOr<Results> {
                     return CreateComments(tx, wanted);
                   }));
  std::vector<absl::StatusOr<Comment>> comments;
  for (absl::StatusOr<CreatedComment>& each : created) {
    if (!each.ok()) {
      comments.emplace_back(each.status());
      continue;
    }
    const bool on_post = std::holds_alternative<PostId>(each->comment.subject);
    if (each->fresh) (on_post ? on_posts_ : in_rooms_).Increment();
    comments.emplace_back(std::move(each->comment));
  }
  signal_.Notify();
  return comments;
}

absl::StatusOr<Comment> PostgresCommentStore::Get(const CommentId& id) {
  return RunQuery<Comment>(pool_, [&](Transaction& tx) { return LoadComment(tx, id); });
}

absl::StatusOr<Comment> PostgresCommentStore::Update(
    const CommentId& id, const std::function<absl::Status(Comment&)>& change) {
  auto updated = RunTx<Comment>(pool_, [&](Transaction& tx) -> absl::StatusOr<Comment> {
    ASSIGN_OR_RETURN(const Comment before, LoadComment(tx, id, Lock::kForUpdate));
    Comment after = before;
    RETURN_IF_ERROR(change(after));
    if (after.version == before.version) return after;

    tx.Exec(kUpdate, id.value(), after.body, after.body_html, SqlTime(after.edit_time),
            SqlTime(after.delete_time), after.version);
    if (after.deleted()) {
      tx.Exec(kForgetRevisions, id.value());
      AddToDiscussions(tx, {{IdOf(after.subject), -1}});
    } else {
      tx.Exec(kKeepRevision, id.value(), before.version, before.body_html,
              SqlTime(before.edit_time.value_or(before.create_time)));
      tx.Exec(kDropRevisions, id.value());
    }
    pb::CommentChanged event;
    *event.mutable_comment() = ToEventProto(after);
    WriteEvent(tx, IdOf(after.subject), event,
               after.deleted() ? *after.delete_time : *after.edit_time);
    return after;
  });
  if (updated.ok()) signal_.Notify();
  return updated;
}

absl::StatusOr<std::vector<Comment>> PostgresCommentStore::List(const CommentQuery& query) {
  // $1 is the subject or parent, $2 the limit, $3 and $4 the cursor.
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
                   " ($3::timestamptz, $4::uuid)");
  return RunQuery<std::vector<Comment>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Comment>> {
        // Two statements: with "OR" the cursor would be no condition of the index, and every
        // page would read all that come before it.
        const std::string end = absl::StrCat(" ORDER BY ", order, " LIMIT $2");
        const pqxx::result rows =
            query.after.has_value()
                ? tx.Exec(absl::StrCat(kCommentColumns, " WHERE ", where, " AND ", beyond, end),
                          listed, query.limit, SqlTime(query.after->create_time),
                          query.after->id.value())
                : tx.Exec(absl::StrCat(kCommentColumns, " WHERE ", where, end), listed,
                          query.limit);
        std::vector<Comment> comments;
        comments.reserve(rows.size());
        for (const pqxx::row& row : rows) comments.push_back(ReadComment(row));
        return comments;
      });
}

absl::StatusOr<int> PostgresCommentStore::Count(const Subject& subject) {
  return RunQuery<int>(pool_, [&](Transaction& tx) -> absl::StatusOr<int> {
    const pqxx::result rows =
        tx.Exec("SELECT comment_count FROM discussions WHERE post_id = $1", IdOf(subject));
    return rows.empty() ? 0 : rows[0][0].as<int>();
  });
}

absl::StatusOr<std::vector<Revision>> PostgresCommentStore::ListRevisions(const CommentId& id) {
  return RunQuery<std::vector<Revision>>(
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
