#include "services/common/redis/throttle.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum {
namespace {

constexpr size_t kMaxLocalKeys = 100'000;

// The generic cell rate algorithm. Each key holds when its bucket will be empty, in
// microseconds of Redis's clock. ARGV: for each key interval and burst tolerance, in
// microseconds. Returns 0, or the microseconds to wait.
constexpr char kTry[] = R"lua(
  local t = redis.call('TIME')
  local now = t[1] * 1000000 + t[2]
  local arrivals, wait = {}, 0
  for i, key in ipairs(KEYS) do
    arrivals[i] = math.max(tonumber(redis.call('GET', key) or 0), now)
    wait = math.max(wait, arrivals[i] - now - tonumber(ARGV[2 * i]))
  end
  if wait > 0 then return wait end
  for i, key in ipairs(KEYS) do
    local arrival = arrivals[i] + tonumber(ARGV[2 * i - 1])
    redis.call('SET', key, string.format('%.0f', arrival), 'PX',
               math.ceil((arrival - now) / 1000) + 1)
  end
  return 0
)lua";

// The same arguments.
constexpr char kTakeBack[] = R"lua(
  local t = redis.call('TIME')
  local now = t[1] * 1000000 + t[2]
  for i, key in ipairs(KEYS) do
    local arrival = tonumber(redis.call('GET', key) or 0) - tonumber(ARGV[2 * i - 1])
    if arrival > now then
      redis.call('SET', key, string.format('%.0f', arrival), 'PX',
                 math.ceil((arrival - now) / 1000) + 1)
    else
      redis.call('DEL', key)
    end
  end
  return 0
)lua";

absl::Duration Interval(const Rate& rate) { return rate.period / rate.burst; }
// How far ahead of its time the last request of a burst may come.
absl::Duration Tolerance(const Rate& rate) { return Interval(rate) * (rate.burst - 1); }

std::vector<std::string> KeysOf(const std::vector<Limit>& limits) {
  std::vector<std::string> keys;
  for (const Limit& limit : limits) keys.push_back(absl::StrCat("throttle:", limit.key));
  return keys;
}

std::vector<std::string> ArgumentsOf(const std::vector<Limit>& limits) {
  std::vector<std::string> arguments;
  for (const Limit& limit : limits) {
    arguments.push_back(absl::StrCat(absl::ToInt64Microseconds(Interval(limit.rate))));
    arguments.push_back(absl::StrCat(absl::ToInt64Microseconds(Tolerance(limit.rate))));
  }
  return arguments;
}

}  // namespace

absl::Status Throttle::CheckAll(const std::vector<Limit>& limits) {
  const ThrottleDecision decision = TryAll(limits);
  if (decision.allowed) return absl::OkStatus();
  return RetryLater(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
                    "too many of these in a short time", decision.retry_after);
}

ThrottleDecision LocalThrottle::TryAll(const std::vector<Limit>& limits) {
  const absl::Time now = clock_.Now();
  absl::MutexLock lock(&mu_);
  absl::Duration wait = absl::ZeroDuration();
  for (const auto& [key, rate] : limits) {
    const auto found = arrival_.find(key);
    if (found == arrival_.end()) continue;
    wait = std::max(wait, std::max(found->second, now) - now - Tolerance(rate));
  }
  if (wait > absl::ZeroDuration()) return {false, wait};
  for (const auto& [key, rate] : limits) {
    MakeRoom(key, now);
    absl::Time& arrival = arrival_[key];
    arrival = std::max(arrival, now) + Interval(rate);
  }
  return {};
}

void LocalThrottle::MakeRoom(const std::string& key, absl::Time now) {
  if (arrival_.size() < kMaxLocalKeys || arrival_.contains(key)) return;
  absl::erase_if(arrival_, [now](const auto& entry) { return entry.second <= now; });
  if (arrival_.size() >= kMaxLocalKeys) arrival_.clear();
}

void LocalThrottle::TakeBack(const std::vector<Limit>& limits) {
  absl::MutexLock lock(&mu_);
  for (const auto& [key, rate] : limits) {
    const auto found = arrival_.find(key);
    if (found != arrival_.end()) found->second -= Interval(rate);
  }
}

RedisThrottle::RedisThrottle(Redis& redis, Clock& clock)
    : redis_(redis), try_(kTry), take_back_(kTakeBack), local_(clock) {}

ThrottleDecision RedisThrottle::TryAll(const std::vector<Limit>& limits) {
  const absl::StatusOr<RedisReply> reply = try_.Run(redis_, KeysOf(limits), ArgumentsOf(limits));
  if (!reply.ok()) return local_.TryAll(limits);
  if (reply->integer <= 0) return {};
  return {false, absl::Microseconds(reply->integer)};
}

void RedisThrottle::TakeBack(const std::vector<Limit>& limits) {
  if (!take_back_.Run(redis_, KeysOf(limits), ArgumentsOf(limits)).ok()) local_.TakeBack(limits);
}

}  // namespace rostrum
