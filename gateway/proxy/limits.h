#pragma once

#include <string>

#include "absl/status/status.h"
#include "gateway/http/blocking_pool.h"
#include "gateway/proxy/caller_context.h"
#include "services/common/redis/throttle.h"

namespace rostrum::gateway {

struct LimitSettings {
  Rate reads{.burst = 1200, .period = absl::Minutes(1)};
  Rate writes{.burst = 240, .period = absl::Minutes(1)};
};

// Limits the requests of one caller: an account, or the network of visitors
// without one. Reads are counted in this process, because asking Redis would cost more
// than most of them; writes are counted in Redis, for all gateways together.
// Thread-safe.
class Limits {
 public:
  Limits(const LimitSettings& settings, Throttle& local, Throttle& shared,
         http::BlockingPool& blocking);

  // RESOURCE_EXHAUSTED / RATE_LIMITED with the time to wait.
  asio::awaitable<absl::Status> Check(const CallerContext& caller, bool is_read);

 private:
  const LimitSettings settings_;
  Throttle& local_;
  Throttle& shared_;
  http::BlockingPool& blocking_;
};

}  // namespace rostrum::gateway
