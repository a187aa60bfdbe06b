#include "services/account/postgres_mail_queue.h"

#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/common/trace/messaging.h"
#include "services/common/trace/span.h"

namespace rostrum::account {
namespace {

// A mail without a recipient is stored as finished.
constexpr char kEnqueue[] = R"sql(
  INSERT INTO mails (mail_id, recipient, bytes, create_time, attempt_time, finish_time, outcome,
                     traceparent, expire_time)
  VALUES ($1, $2, $3, $4, $4,
          CASE WHEN $2 = '' THEN $4::timestamptz END,
          CASE WHEN $2 = '' THEN 'unaddressed' ELSE '' END,
          CASE WHEN $2 <> '' THEN $5 END, $6))sql";

constexpr char kClaim[] = R"sql(
  UPDATE mails SET attempt_time = $2
  FROM (SELECT mail_id FROM mails WHERE finish_time IS NULL AND attempt_time <= $1
        ORDER BY attempt_time LIMIT $3 FOR UPDATE SKIP LOCKED) due
  WHERE mails.mail_id = due.mail_id
  RETURNING mails.mail_id, recipient, bytes, create_time, attempts, traceparent, expire_time)sql";

constexpr char kFinish[] = R"sql(
  UPDATE mails SET recipient = '', bytes = '', finish_time = $2, outcome = $3,
                   attempts = attempts + 1, traceparent = NULL
  WHERE mail_id = $1 AND finish_time IS NULL)sql";

constexpr char kRetry[] = R"sql(
  UPDATE mails SET attempt_time = $2, attempts = attempts + 1
  WHERE mail_id = $1 AND finish_time IS NULL)sql";

constexpr char kBacklog[] =
    "SELECT count(*), min(create_time) FROM mails WHERE finish_time IS NULL";

const char* NameOf(MailOutcome outcome) {
  switch (outcome) {
    case MailOutcome::kDelivered: return "delivered";
    case MailOutcome::kRefused: return "refused";
    case MailOutcome::kDropped: return "dropped";
  }
  return "";
}

}  // namespace

void EnqueueMail(Transaction& tx, const Mail& mail, absl::Time now,
                 std::optional<absl::Time> expire_time) {
  ScopedSpan span(SpanKind::kProducer, "mail publish");
  DescribePublish(*span, kMailSystem, "mail");
  const TraceContext& trace = TraceContext::Current();
  const auto traceparent = trace.sampled ? std::make_optional(trace.Traceparent()) : std::nullopt;
  tx.Exec(kEnqueue, mail.id, mail.recipient, SqlBytes(mail.bytes), SqlTime(now), traceparent,
          SqlTime(expire_time));
}

absl::StatusOr<std::vector<ClaimedMail>> PostgresMailQueue::Claim(absl::Time now,
                                                                  absl::Duration lease, int limit) {
  return RunTx<std::vector<ClaimedMail>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<ClaimedMail>> {
        std::vector<ClaimedMail> claimed;
        for (const pqxx::row& row : tx.Exec(kClaim, SqlTime(now), SqlTime(now + lease), limit)) {
          claimed.push_back({.mail = {.id = ReadText(row[0]),
                                      .recipient = ReadText(row[1]),
                                      .bytes = ReadBytes(row[2])},
                             .create_time = ReadTime(row[3]),
                             .expire_time = ReadOptionalTime(row[6]),
                             .attempts = row[4].as<int>(),
                             .traceparent = row[5].is_null() ? "" : ReadText(row[5])});
        }
        return claimed;
      });
}

absl::StatusOr<MailBacklog> PostgresMailQueue::Backlog() {
  return RunQuery<MailBacklog>(pool_, [](Transaction& tx) -> absl::StatusOr<MailBacklog> {
    const pqxx::row row = tx.ExecOne(kBacklog);
    return MailBacklog{.pending = row[0].as<int64_t>(), .oldest = ReadOptionalTime(row[1])};
  });
}

absl::Status PostgresMailQueue::Finish(const std::string& id, MailOutcome outcome, absl::Time now) {
  return RunTx(pool_, [&](Transaction& tx) {
    tx.Exec(kFinish, id, SqlTime(now), NameOf(outcome));
    return absl::OkStatus();
  });
}

absl::Status PostgresMailQueue::RetryAt(const std::string& id, absl::Time time) {
  return RunTx(pool_, [&](Transaction& tx) {
    tx.Exec(kRetry, id, SqlTime(time));
    return absl::OkStatus();
  });
}

}  // namespace rostrum::account
