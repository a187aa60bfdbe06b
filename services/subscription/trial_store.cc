#include "services/subscription/trial_store.h"

#include "rostrum/subscription/v1/events.pb.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"
#include "services/subscription/entitlement.h"

namespace rostrum::subscription {
namespace {

constexpr char kInsert[] = R"sql(
  INSERT INTO trials (account_id, person_key, start_time, end_time) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING)sql";

constexpr char kFind[] =
    "SELECT account_id, start_time, end_time FROM trials WHERE account_id = $1";

constexpr char kEnded[] = R"sql(
  SELECT account_id FROM trials WHERE end_told_time IS NULL AND end_time <= $1
  ORDER BY end_time LIMIT 100)sql";

// Any number of replicas may claim; each row is claimed once.
constexpr char kClaimEnded[] = R"sql(
  UPDATE trials SET end_told_time = $2
  WHERE account_id = $1 AND end_told_time IS NULL AND end_time <= $2)sql";

constexpr int kBatch = 100;

// $2 is how many seconds before the end the reminder is due, $3 the latest end for which it is
// due now, $4 how many at most. A trial that is shorter than $2 needs no reminder.
constexpr char kClaimEnding[] = R"sql(
  UPDATE trials SET ending_told_seconds = $2
  WHERE account_id IN (
    SELECT t.account_id FROM trials t
    WHERE t.end_told_time IS NULL AND t.end_time > $1 AND t.end_time <= $3
      AND t.start_time < t.end_time - $2 * interval '1 second'
      AND (t.ending_told_seconds IS NULL OR t.ending_told_seconds > $2)
      AND NOT EXISTS (SELECT 1 FROM memberships m
                      WHERE m.account_id = t.account_id AND m.entitled_until > $1)
    ORDER BY t.end_time LIMIT $4 FOR UPDATE OF t SKIP LOCKED)
  RETURNING account_id, end_time)sql";

std::optional<Trial> Find(Transaction& tx, const AccountId& account_id) {
  const pqxx::result rows = tx.Exec(kFind, account_id.value());
  if (rows.empty()) return std::nullopt;
  return Trial{ReadId<AccountId>(rows[0][0]), ReadTime(rows[0][1]), ReadTime(rows[0][2])};
}

const CounterFamily kStarted{"trials_started_total", "Free trials that began."};

}  // namespace

PostgresTrialStore::PostgresTrialStore(PgPool& pool, OutboxSignal& signal, absl::Duration duration,
                                       Metrics& metrics)
    : pool_(pool), signal_(signal), duration_(duration), started_(metrics.Counter(kStarted)) {}

absl::StatusOr<StartedTrial> PostgresTrialStore::StartIn(Transaction& tx,
                                                         const AccountId& account_id,
                                                         const std::string& person_key,
                                                         absl::Time now) {
  LockEntitlement(tx, account_id);
  const pqxx::result inserted = tx.Exec(kInsert, account_id.value(), SqlBytes(person_key),
                                        SqlTime(now), SqlTime(now + duration_));
  const std::optional<Trial> trial = Find(tx, account_id);
  if (!trial.has_value()) {
    return Error(absl::StatusCode::kFailedPrecondition, "TRIAL_USED",
                 "this person has had the free trial already");
  }
  const bool began = inserted.affected_rows() > 0;
  if (began) TellEntitlement(tx, account_id, now);
  return StartedTrial{*trial, began};
}

absl::StatusOr<StartedTrial> PostgresTrialStore::Start(const AccountId& account_id,
                                                       const std::string& person_key,
                                                       absl::Time now) {
  auto started = RunTx<StartedTrial>(
      pool_, [&](Transaction& tx) { return StartIn(tx, account_id, person_key, now); });
  if (started.ok()) {
    if (started->began) CountStarted(1);
    signal_.Notify();
  }
  return started;
}

absl::StatusOr<Trial> PostgresTrialStore::Get(const AccountId& account_id) {
  return RunQuery<Trial>(pool_, [&](Transaction& tx) -> absl::StatusOr<Trial> {
    const std::optional<Trial> trial = Find(tx, account_id);
    if (!trial.has_value()) {
      return Error(absl::StatusCode::kNotFound, "NO_TRIAL", "there was no trial");
    }
    return *trial;
  });
}

absl::StatusOr<int> PostgresTrialStore::TellEnded(absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<AccountId> ended, FindAccounts(pool_, kEnded, now));
  int count = 0;
  for (const AccountId& account_id : ended) {
    ASSIGN_OR_RETURN(
        const bool told, RunTx<bool>(pool_, [&](Transaction& tx) -> absl::StatusOr<bool> {
          LockEntitlement(tx, account_id);
          const pqxx::result claimed = tx.Exec(kClaimEnded, account_id.value(), SqlTime(now));
          if (claimed.affected_rows() == 0) return false;
          TellEntitlement(tx, account_id, now);
          return true;
        }));
    if (told) ++count;
  }
  if (count > 0) signal_.Notify();
  return count;
}

absl::StatusOr<int> PostgresTrialStore::TellEnding(absl::Time now, absl::Duration before) {
  const auto tell_some = [&](Transaction& tx) -> absl::StatusOr<int> {
    const pqxx::result ending = tx.Exec(kClaimEnding, SqlTime(now), absl::ToInt64Seconds(before),
                                        SqlTime(now + before), kBatch);
    for (const pqxx::row& row : ending) {
      v1::TrialEnding event;
      event.set_account_id(ReadText(row[0]));
      *event.mutable_end_time() = ToProtoTime(ReadTime(row[1]));
      WriteEvent(tx, event.account_id(), event, now);
    }
    return static_cast<int>(ending.size());
  };
  int count = 0;
  for (int told = kBatch; told == kBatch; count += told) {
    ASSIGN_OR_RETURN(told, RunTx<int>(pool_, tell_some));
    if (told > 0) signal_.Notify();
  }
  return count;
}

}  // namespace rostrum::subscription
