#pragma once

#include <optional>

#include "services/common/redis/redis.h"
#include "services/subscription/trial_store.h"

namespace rostrum::subscription {

// A copy of running trials in Redis, for countdowns. A key expires at the second at which
// its trial ends. Whether an account may read is never decided by it. Thread-safe.
//
// Keys: trial:{<account>}, until the end of the trial.
class TrialCountdown {
 public:
  explicit TrialCountdown(Redis& redis) : redis_(redis) {}
  // The trial if it runs and has a key; nullopt also when Redis is unavailable.
  std::optional<Trial> Find(const AccountId& account_id);
  // Stores the key of a running trial. If that fails, the trial is read from the database
  // later.
  void Start(const Trial& trial, absl::Time now);

 private:
  Redis& redis_;
};

}  // namespace rostrum::subscription
