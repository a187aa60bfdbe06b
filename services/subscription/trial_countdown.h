#pragma once

#include <optional>

#include "services/common/redis/redis.h"
#include "services/subscription/trial_store.h"

namespace rostrum::subscription {

// The ticking clock of trials in Redis: a copy of what the database has said,
// that goes at the very second at which the trial ends. Whether somebody may
// read is never asked here. Thread-safe.
//
// Keys: trial:{<account>}, until the end of the trial.
class TrialCountdown {
 public:
  explicit TrialCountdown(Redis& redis) : redis_(redis) {}
  // The trial, if it ticks; nullopt also when Redis is away.
  std::optional<Trial> Find(const AccountId& account_id);
  // Starts the clock of a trial that runs. Missing it costs a read of the
  // database later.
  void Start(const Trial& trial, absl::Time now);

 private:
  Redis& redis_;
};

}  // namespace rostrum::subscription
