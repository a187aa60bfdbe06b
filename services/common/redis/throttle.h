#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/clock.h"
#include "services/common/redis/redis.h"

namespace rostrum {

// A limit: `burst` at once, then one each `period / burst`.
struct Rate {
  int burst;
  absl::Duration period;
};

struct ThrottleDecision {
  bool allowed = true;
  absl::Duration retry_after = absl::ZeroDuration();
};

// Limits how often something happens for a key. Thread-safe.
class Throttle {
 public:
  virtual ~Throttle() = default;
  // Counts one try. `key` must hold nothing personal: hash it first.
  virtual ThrottleDecision Try(const std::string& key, const Rate& rate) = 0;
  // RESOURCE_EXHAUSTED / RATE_LIMITED with RetryInfo if not allowed.
  absl::Status Check(const std::string& key, const Rate& rate);
};

// The generic cell rate algorithm in this process's memory; forgets keys that
// are idle. At most 100,000 keys.
class LocalThrottle final : public Throttle {
 public:
  explicit LocalThrottle(Clock& clock) : clock_(clock) {}
  ThrottleDecision Try(const std::string& key, const Rate& rate) override;

 private:
  Clock& clock_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, absl::Time> arrival_ ABSL_GUARDED_BY(mu_);
};

// The same in Redis, by Redis's clock, for all replicas together; in this
// process's memory while Redis is away.
class RedisThrottle final : public Throttle {
 public:
  RedisThrottle(Redis& redis, Clock& clock);
  ThrottleDecision Try(const std::string& key, const Rate& rate) override;

 private:
  Redis& redis_;
  RedisScript script_;
  LocalThrottle local_;
};

}  // namespace rostrum
