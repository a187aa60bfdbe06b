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

// A right of an account to read everything.
struct Entitlement {
  enum class Reason { kTrial, kMembership };
  Reason reason;
  absl::Time end_time;  // unless it is renewed
};

// The entitlement of an account, and whether it has used its trial.
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

// The same inside a given transaction.
Standing ReadStanding(Transaction& tx, const AccountId& account_id, absl::Time now);

// Makes the transactions that change the entitlement of one account wait for each other.
// Call it before the first write of the transaction: events are read in the order in which
// transactions first wrote, so that order must be the order of the changes. (Verified accounts
// are an exception; verified_accounts.cc says why it is harmless.)
void LockEntitlement(Transaction& tx, const AccountId& account_id);

// The accounts that a query finds; $1 is now.
absl::StatusOr<std::vector<AccountId>> FindAccounts(PgPool& pool, const char* sql, absl::Time now);

// Writes an EntitlementChanged event with the present entitlement of an account, in the
// transaction that changed it.
void TellEntitlement(Transaction& tx, const AccountId& account_id, absl::Time now);

// Caches entitlements of another store, so that members can read on while the database is
// unavailable. Thread-safe.
class RememberedEntitlements final : public EntitlementStore {
 public:
  RememberedEntitlements(EntitlementStore& store, Clock& clock) : store_(store), clock_(clock) {}
  // The answer of the store. While the store is unavailable: its answer from the last 10
  // minutes, if that was an entitlement that still runs.
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
