#include "services/common/redis/throttle.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum {
namespace {

constexpr size_t kMaxLocalKeys = 100'000;

// The generic cell rate algorithm. The key holds when the bucket will be empty,
// in microseconds of Redis's clock. KEYS[1]; ARGV: interval and burst tolerance
// in microseconds. Returns 0, or the microseconds to wait.
constexpr char kScript[] = R"lua(
  local t = redis.call('TIME')
  local now = t[1] * 1000000 + t[2]
  local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
  local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
  if arrival - now > tolerance then
    return arrival - now - tolerance
  end
  arrival = arrival + interval
  redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX',
             math.ceil((arrival - now) / 1000) + 1)
  return 0
)lua";

absl::Duration Interval(const Rate& rate) { return rate.period / rate.burst; }
// How far ahead of time the last of a burst may come.
absl::Duration Tolerance(const Rate& rate) { return Interval(rate) * (rate.burst - 1); }

}  // namespace

absl::Status Throttle::Check(const std::string& key, const Rate& rate) {
  const ThrottleDecision decision = Try(key, rate);
  if (decision.allowed) return absl::OkStatus();
  return RetryLater(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
                    "too many of these in a short time", decision.retry_after);
}

ThrottleDecision LocalThrottle::Try(const std::string& key, const Rate& rate) {
  const absl::Time now = clock_.Now();
  absl::MutexLock lock(&mu_);
  if (arrival_.size() >= kMaxLocalKeys && !arrival_.contains(key)) {
    absl::erase_if(arrival_, [now](const auto& entry) { return entry.second <= now; });
    if (arrival_.size() >= kMaxLocalKeys) arrival_.clear();
  }
  absl::Time& arrival = arrival_[key];
  const absl::Time from = std::max(arrival, now);
  if (from - now > Tolerance(rate)) return {false, from - now - Tolerance(rate)};
  arrival = from + Interval(rate);
  return {};
}

RedisThrottle::RedisThrottle(Redis& redis, Clock& clock)
    : redis_(redis), script_(kScript), local_(clock) {}

ThrottleDecision RedisThrottle::Try(const std::string& key, const Rate& rate) {
  const absl::StatusOr<RedisReply> reply =
      script_.Run(redis_, {absl::StrCat("throttle:", key)},
                  {absl::StrCat(absl::ToInt64Microseconds(Interval(rate))),
                   absl::StrCat(absl::ToInt64Microseconds(Tolerance(rate)))});
  if (!reply.ok()) return local_.Try(key, rate);
  if (reply->integer <= 0) return {};
  return {false, absl::Microseconds(reply->integer)};
}

}  // namespace rostrum
