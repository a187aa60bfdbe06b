#include "services/common/rpc/calls_under_way.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace rostrum {
namespace {

// Where the oldest call has waited so long, nobody waits for a place.
constexpr absl::Duration kStuck = absl::Milliseconds(500);

}  // namespace

bool CallsUnderWay::Begin(absl::Time deadline, Began::iterator* began) {
  absl::MutexLock lock(&mu_);
  const auto has_place = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return began_.size() < most_; };
  while (!has_place()) {
    const absl::Time until = std::min(*began_.begin() + kStuck, deadline);
    if (absl::Now() >= until) return false;
    mu_.AwaitWithDeadline(absl::Condition(&has_place), until);
  }
  *began = began_.insert(absl::Now());
  return true;
}

void CallsUnderWay::End(Began::iterator began) {
  absl::MutexLock lock(&mu_);
  began_.erase(began);
}

}  // namespace rostrum
