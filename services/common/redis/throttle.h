#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/clock.h"
#include "services/common/redis/redis.h"

namespace rostrum {

// A rate: `burst` at once, then one more every `period / burst`.
struct Rate {
  int burst;
  absl::Duration period;
};

// A rate for one key. The key must hold nothing personal: hash it first.
struct Limit {
  std::string key;
  Rate rate;
};

struct ThrottleDecision {
  bool allowed = true;
  absl::Duration retry_after = absl::ZeroDuration();
};

// Limits how often something happens for a key. Thread-safe.
class Throttle {
 public:
  virtual ~Throttle() = default;
  // Counts one try against all of these limits. If one of them refuses, it is counted
  // against none. The keys of one call share a hash tag ("comment:{<id>}:day").
  virtual ThrottleDecision TryAll(const std::vector<Limit>& limits) = 0;
  // Takes back a try that does not count: it repeated another one, or failed for an outage.
  virtual void TakeBack(const std::vector<Limit>& limits) = 0;

  ThrottleDecision Try(const std::string& key, const Rate& rate) { return TryAll({{key, rate}}); }
  // RESOURCE_EXHAUSTED / RATE_LIMITED with RetryInfo if not allowed.
  absl::Status CheckAll(const std::vector<Limit>& limits);
  absl::Status Check(const std::string& key, const Rate& rate) { return CheckAll({{key, rate}}); }
};

// The generic cell rate algorithm in this process's memory; forgets keys that
// are idle. At most 100,000 keys.
class LocalThrottle final : public Throttle {
 public:
  explicit LocalThrottle(Clock& clock) : clock_(clock) {}
  ThrottleDecision TryAll(const std::vector<Limit>& limits) override;
  void TakeBack(const std::vector<Limit>& limits) override;

 private:
  // If the table is full: forgets idle keys or, if there are none, all.
  void MakeRoom(const std::string& key, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Clock& clock_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, absl::Time> arrival_ ABSL_GUARDED_BY(mu_);
};

// The same in Redis, by Redis's clock, shared by all replicas. While Redis is unavailable
// it counts in this process's memory.
class RedisThrottle final : public Throttle {
 public:
  RedisThrottle(Redis& redis, Clock& clock);
  ThrottleDecision TryAll(const std::vector<Limit>& limits) override;
  void TakeBack(const std::vector<Limit>& limits) override;

 private:
  Redis& redis_;
  const RedisScript try_;
  const RedisScript take_back_;
  LocalThrottle local_;
};

}  // namespace rostrum
