#include "services/content/postgres_manuscript_store.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rostrum/content/v1/events.pb.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/content/manuscript_rows.h"
#include "services/content/post_rows.h"

namespace rostrum::content {
namespace {

constexpr char kListRevisions[] = R"sql(
  SELECT revision, title, markdown, create_time, account_id FROM post_revisions
  WHERE post_id = $1 AND ($2::integer IS NULL OR revision < $2)
  ORDER BY revision DESC LIMIT $3)sql";

constexpr char kClaimDue[] = R"sql(
  SELECT post_id FROM posts WHERE state = 2 AND schedule_time <= $1
  ORDER BY schedule_time LIMIT $2 FOR UPDATE SKIP LOCKED)sql";

constexpr char kClaimAnnouncement[] = R"sql(
  SELECT kind, id, coalesce(after, '00000000-0000-0000-0000-000000000000') FROM announcements
  LIMIT 1 FOR UPDATE SKIP LOCKED)sql";

// Writes the event of a change if the post is published, or was before.
void Tell(Transaction& tx, const Manuscript& before, const Manuscript& after, absl::Time now) {
  if (after.published()) {
    // The lock waits for a change of the channel or author that is being made. A later change
    // waits for this transaction, because its announcement must find this post.
    WritePostsPublished(
        tx, LoadSummaries(tx, "WHERE p.post_id = $1 FOR KEY SHARE OF c, a", {after.id.value()}),
        now);
  } else if (before.published()) {
    v1::PostUnpublished event;
    event.set_post_id(after.id.value());
    WriteEvent(tx, after.id.value(), event, now);
  }
}

// Stores a changed manuscript.
absl::StatusOr<Manuscript> Store(Transaction& tx, const Manuscript& before,
                                 const Manuscript& after) {
  const ManuscriptContent& was = before.content;
  const ManuscriptContent& is = after.content;
  if (!(is == was)) {
    RETURN_IF_ERROR(CheckReferences(tx, is));
    if (is.slug != was.slug || is.channel_id != was.channel_id) {
      RETURN_IF_ERROR(TakePostSlug(tx, after));
    }
    if (is.markdown != was.markdown || is.title != was.title) KeepRevision(tx, before);
  }
  UpdateManuscriptRow(tx, after);
  if (is.topic_ids != was.topic_ids) WriteTopics(tx, after);
  Tell(tx, before, after, after.update_time);
  return LoadManuscript(tx, after.id);
}

// Announces the next posts of a channel or author; returns how many. Its locks may close a ring:
// a change of the channel waits for the announcement, a post that is being published waits for
// that change, and this waits for the post. It is rare, PostgreSQL ends one of them after a
// second, and RunTx runs that again.
int AnnounceSome(Transaction& tx, const pqxx::row& announcement, absl::Time now, int limit) {
  const std::string kind = ReadText(announcement[0]);
  const std::string id = ReadText(announcement[1]);
  // The lock keeps events in order: a post that is unpublished meanwhile must not be announced
  // after that.
  const std::vector<PostSummary> posts = LoadSummaries(
      tx,
      absl::StrCat("WHERE p.state = 3 AND p.", kind == "channel" ? "channel_id" : "author_id",
                   " = $1 AND p.post_id > $2 ORDER BY p.post_id LIMIT $3 FOR UPDATE OF p"),
      {id, ReadText(announcement[2]), absl::StrCat(limit)});
  WritePostsPublished(tx, posts, now);
  if (posts.size() < static_cast<size_t>(limit)) {
    tx.Exec("DELETE FROM announcements WHERE kind = $1 AND id = $2", kind, id);
  } else {
    tx.Exec("UPDATE announcements SET after = $3 WHERE kind = $1 AND id = $2", kind, id,
            posts.back().id.value());
  }
  return static_cast<int>(posts.size());
}

const CounterFamily kPublished{"posts_published_total",
                               "Posts that were published, again after being taken back."};

}  // namespace

PostgresManuscriptStore::PostgresManuscriptStore(PgPool& pool, OutboxSignal& signal,
                                                 Metrics& metrics)
    : pool_(pool), signal_(signal), published_(metrics.Counter(kPublished)) {}

absl::StatusOr<Manuscript> PostgresManuscriptStore::Create(const Manuscript& manuscript,
                                                           const IdempotencyKey& key) {
  return RunTx<Manuscript>(pool_, [&](Transaction& tx) -> absl::StatusOr<Manuscript> {
    ASSIGN_OR_RETURN(const std::optional<std::string> known,
                     ClaimIdempotencyKey(tx, key, manuscript.id.value()));
    if (known.has_value()) return LoadManuscript(tx, PostId(*known));
    RETURN_IF_ERROR(CheckReferences(tx, manuscript.content));
    Manuscript created = manuscript;
    if (created.content.slug.empty()) created.content.slug = FreePostSlug(tx, created);
    InsertManuscript(tx, created);
    RETURN_IF_ERROR(TakePostSlug(tx, created));
    WriteTopics(tx, created);
    return LoadManuscript(tx, created.id);
  });
}

absl::StatusOr<Manuscript> PostgresManuscriptStore::Get(const PostId& id) {
  return RunRead<Manuscript>(pool_, [&](Transaction& tx) { return LoadManuscript(tx, id); });
}

absl::StatusOr<Manuscript> PostgresManuscriptStore::Update(
    const PostId& id, const std::function<absl::Status(Manuscript&)>& change) {
  bool was_published = false;
  auto updated = RunTx<Manuscript>(pool_, [&](Transaction& tx) -> absl::StatusOr<Manuscript> {
    ASSIGN_OR_RETURN(const Manuscript before, LoadManuscript(tx, id, ManuscriptLock::kForUpdate));
    was_published = before.published();
    Manuscript after = before;
    RETURN_IF_ERROR(change(after));
    if (after.version == before.version) return after;
    return Store(tx, before, after);
  });
  if (!updated.ok()) return updated;
  if (updated->published() && !was_published) published_.Increment();
  signal_.Notify();
  return updated;
}

absl::Status PostgresManuscriptStore::Delete(
    const PostId& id, const std::function<absl::Status(const Manuscript&)>& check) {
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Manuscript manuscript,
                     LoadManuscript(tx, id, ManuscriptLock::kForUpdate));
    RETURN_IF_ERROR(check(manuscript));
    tx.Exec("DELETE FROM posts WHERE post_id = $1", id.value());
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Manuscript>> PostgresManuscriptStore::List(
    const ManuscriptQuery& query) {
  std::vector<std::string> arguments;
  std::string tail = "WHERE true";
  const auto place = [&](std::string argument) {
    arguments.push_back(std::move(argument));
    return absl::StrCat("$", arguments.size());
  };
  if (query.account_id.has_value()) {
    absl::StrAppend(&tail, " AND a.account_id = ", place(query.account_id->value()));
  }
  if (query.state.has_value()) {
    absl::StrAppend(&tail, " AND p.state = ", place(absl::StrCat(static_cast<int>(*query.state))));
  }
  if (query.after.has_value()) {
    const std::string time = place(SqlTime(query.after->update_time));
    absl::StrAppend(&tail, " AND (p.update_time, p.post_id) < (", time, "::timestamptz, ",
                    place(query.after->id.value()), "::uuid)");
  }
  absl::StrAppend(&tail, " ORDER BY p.update_time DESC, p.post_id DESC LIMIT ",
                  place(absl::StrCat(query.limit)));
  return RunRead<std::vector<Manuscript>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Manuscript>> {
        return LoadManuscripts(tx, tail, arguments);
      });
}

absl::StatusOr<std::vector<Revision>> PostgresManuscriptStore::ListRevisions(
    const PostId& id, std::optional<int> before, int limit) {
  return RunQuery<std::vector<Revision>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Revision>> {
        std::vector<Revision> revisions;
        for (const pqxx::row& row : tx.Exec(kListRevisions, id.value(), before, limit)) {
          revisions.push_back({.revision = row[0].as<int>(),
                               .title = ReadText(row[1]),
                               .markdown = ReadText(row[2]),
                               .create_time = ReadTime(row[3]),
                               .account_id = ReadId<AccountId>(row[4])});
        }
        return revisions;
      });
}

absl::StatusOr<int> PostgresManuscriptStore::PublishDue(absl::Time now, int limit) {
  auto published = RunTx<int>(pool_, [&](Transaction& tx) -> absl::StatusOr<int> {
    const pqxx::result due = tx.Exec(kClaimDue, SqlTime(now), limit);
    for (const pqxx::row& row : due) {
      ASSIGN_OR_RETURN(const Manuscript before, LoadManuscript(tx, ReadId<PostId>(row[0])));
      Manuscript after = before;
      // The publish time is the scheduled time, however late this runs.
      RETURN_IF_ERROR(Publish(after, before.schedule_time, "", now));
      RETURN_IF_ERROR(Store(tx, before, after));
    }
    return static_cast<int>(due.size());
  });
  if (!published.ok() || *published == 0) return published;
  published_.Increment(*published);
  signal_.Notify();
  return published;
}

absl::StatusOr<int> PostgresManuscriptStore::AnnounceChanges(absl::Time now, int limit) {
  auto announced = RunTx<int>(pool_, [&](Transaction& tx) -> absl::StatusOr<int> {
    // An announcement that has no posts (left) is no reason to stop.
    int count = 0;
    while (count == 0) {
      const pqxx::result claimed = tx.exec(kClaimAnnouncement);
      if (claimed.empty()) break;
      count = AnnounceSome(tx, claimed[0], now, limit);
    }
    return count;
  });
  if (announced.ok() && *announced > 0) signal_.Notify();
  return announced;
}

}  // namespace rostrum::content
