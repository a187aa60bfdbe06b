#include "services/common/rpc/calls_under_way.h"

#include <algorithm>
#include <iterator>

#include "absl/time/clock.h"

namespace rostrum {
namespace {

// If half of the calls have run this long, further callers do not wait for a place.
constexpr absl::Duration kStuck = absl::Milliseconds(500);
// A caller that has waited already waits this much longer: perhaps it was this process that
// was paused, not the other service that hangs.
constexpr absl::Duration kLastChance = absl::Milliseconds(100);

}  // namespace

bool CallsUnderWay::Begin(absl::Time deadline, Began::iterator* began) {
  absl::MutexLock lock(&mu_);
  const auto has_place = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return began_.size() < most_; };
  for (bool has_waited = false; !has_place();) {
    const absl::Time until =
        std::min(*std::next(began_.begin(), static_cast<ptrdiff_t>(most_ / 2)) + kStuck, deadline);
    if (absl::Now() < until) {
      mu_.AwaitWithDeadline(absl::Condition(&has_place), until);
      has_waited = true;
    } else if (has_waited) {
      mu_.AwaitWithTimeout(absl::Condition(&has_place), kLastChance);
      has_waited = false;
    } else {
      return false;
    }
  }
  *began = began_.insert(absl::Now());
  return true;
}

void CallsUnderWay::End(Began::iterator began) {
  absl::MutexLock lock(&mu_);
  began_.erase(began);
}

}  // namespace rostrum
