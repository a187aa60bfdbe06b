#pragma once

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/clock.h"
#include "services/common/base/ids.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::subscription {

// What entitles an account to read everything.
struct Entitlement {
  enum class Reason { kTrial, kMembership };
  Reason reason;
  absl::Time end_time;  // unless it is renewed
};

// What an account has, and whether it had its trial.
struct Standing {
  std::optional<Entitlement> entitlement;
  bool had_trial = false;
};

// Reads what accounts are entitled to: a membership, else a trial that runs.
// Thread-safe.
class EntitlementStore {
 public:
  virtual ~EntitlementStore() = default;
  // UNAVAILABLE.
  virtual absl::StatusOr<Standing> Get(const AccountId& account_id, absl::Time now) = 0;
};

class PostgresEntitlementStore final : public EntitlementStore {
 public:
  explicit PostgresEntitlementStore(PgPool& pool) : pool_(pool) {}
  absl::StatusOr<Standing> Get(const AccountId& account_id, absl::Time now) override;

 private:
  PgPool& pool_;
};

// The same in a transaction of somebody else.
Standing ReadStanding(Transaction& tx, const AccountId& account_id, absl::Time now);

// Makes what changes the entitlement of one account wait for each other. To be
// taken before the transaction's first write: events are read in the order of
// first writes, and must tell of what happened in the same order.
void LockEntitlement(Transaction& tx, const AccountId& account_id);

// The accounts that a query finds; $1 is now.
absl::StatusOr<std::vector<AccountId>> FindAccounts(PgPool& pool, const char* sql, absl::Time now);

// Tells others what an account is entitled to now, in the transaction in which
// it changed.
void TellEntitlement(Transaction& tx, const AccountId& account_id, absl::Time now);

// A store that remembers who was entitled, so that an outage of the database
// does not take from members what they have. Thread-safe.
class RememberedEntitlements final : public EntitlementStore {
 public:
  RememberedEntitlements(EntitlementStore& store, Clock& clock) : store_(store), clock_(clock) {}
  // What the store says; while it is away what it said within 10 minutes, if
  // that was an entitlement that still runs.
  absl::StatusOr<Standing> Get(const AccountId& account_id, absl::Time now) override;

 private:
  struct Remembered {
    Standing standing;
    absl::Time time;
  };
  static constexpr size_t kMost = 100'000;
  EntitlementStore& store_;
  Clock& clock_;
  absl::Mutex mu_;
  absl::flat_hash_map<AccountId, Remembered> remembered_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::subscription
