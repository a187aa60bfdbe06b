#pragma once

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "services/common/base/settings.h"
#include "services/common/redis/redis.h"

namespace rostrum::content {

// The settings of this service, beyond those that every service has.
struct ContentSettings {
  RedisOptions redis;
  std::string subscription_target;
  size_t post_cache_bytes = 0;
  absl::Duration read_lease;   // zero: the database is asked each time
  absl::Duration change_wait;  // after it no replica has a lease on the old version
  absl::Duration settle_interval;
  absl::Duration schedule_interval;
};

// Declares and reads them; errors are collected in `env`.
ContentSettings ReadContentSettings(Settings& env);

}  // namespace rostrum::content
