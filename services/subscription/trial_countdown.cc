#include "services/subscription/trial_countdown.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rostrum::subscription {
namespace {

std::string KeyOf(const AccountId& account_id) {
  return absl::StrCat("trial:{", account_id.value(), "}");
}

}  // namespace

std::optional<Trial> TrialCountdown::Find(const AccountId& account_id) {
  const absl::StatusOr<RedisReply> reply = redis_.Command({"GET", KeyOf(account_id)});
  if (!reply.ok() || reply->IsNil()) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(reply->text, ' ');
  int64_t start = 0;
  int64_t end = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &start) ||
      !absl::SimpleAtoi(parts[1], &end)) {
    return std::nullopt;
  }
  return Trial{account_id, absl::FromUnixMicros(start), absl::FromUnixMicros(end)};
}

void TrialCountdown::Start(const Trial& trial, absl::Time now) {
  if (!trial.IsActive(now)) return;
  redis_
      .Command({"SET", KeyOf(trial.account_id),
                absl::StrCat(absl::ToUnixMicros(trial.start_time), " ",
                             absl::ToUnixMicros(trial.end_time)),
                "PXAT", absl::StrCat(absl::ToUnixMillis(trial.end_time))})
      .IgnoreError();
}

}  // namespace rostrum::subscription
