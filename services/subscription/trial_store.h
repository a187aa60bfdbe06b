#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"
#include "services/common/base/metrics.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::subscription {

// A free trial. It runs while now < end_time, whatever Redis or events say.
struct Trial {
  AccountId account_id;
  absl::Time start_time;
  absl::Time end_time;
  bool IsActive(absl::Time now) const { return now < end_time; }
};

struct StartedTrial {
  Trial trial;
  bool began;  // false if it existed already
};

// Stores trials. Thread-safe. All methods may return UNAVAILABLE when the
// database cannot be reached.
class TrialStore {
 public:
  virtual ~TrialStore() = default;
  // Starts a trial: one per account and one per person, also with parallel calls.
  // FAILED_PRECONDITION / TRIAL_USED if the person had one with another account.
  virtual absl::StatusOr<StartedTrial> Start(const AccountId& account_id,
                                             const std::string& person_key, absl::Time now) = 0;
  // NOT_FOUND / NO_TRIAL.
  virtual absl::StatusOr<Trial> Get(const AccountId& account_id) = 0;
  // Writes events of trials that have ended; returns how many.
  virtual absl::StatusOr<int> TellEnded(absl::Time now) = 0;
  // Writes TrialEnding events of trials that end within `before` and are not followed by a
  // membership; returns how many. There is one event for each trial and `before`, and none
  // after one for a shorter `before`: call it with the shortest first.
  virtual absl::StatusOr<int> TellEnding(absl::Time now, absl::Duration before) = 0;
};

class PostgresTrialStore final : public TrialStore {
 public:
  PostgresTrialStore(PgPool& pool, OutboxSignal& signal, absl::Duration duration, Metrics& metrics);
  absl::StatusOr<StartedTrial> Start(const AccountId& account_id, const std::string& person_key,
                                     absl::Time now) override;
  absl::StatusOr<Trial> Get(const AccountId& account_id) override;
  absl::StatusOr<int> TellEnded(absl::Time now) override;
  absl::StatusOr<int> TellEnding(absl::Time now, absl::Duration before) override;

  // Start inside the transaction that applies an event. That transaction may be rolled back
  // or run again, so the consumer calls CountStarted after the commit, with the number of
  // trials that began in it.
  absl::StatusOr<StartedTrial> StartIn(Transaction& tx, const AccountId& account_id,
                                       const std::string& person_key, absl::Time now);
  void CountStarted(int count) { started_.Increment(count); }

 private:
  PgPool& pool_;
  OutboxSignal& signal_;
  const absl::Duration duration_;
  prometheus::Counter& started_;
};

}  // namespace rostrum::subscription
