#include "services/common/base/clock.h"

#include "absl/time/clock.h"

namespace rostrum {

// Microseconds, because that is what PostgreSQL stores: a time that was
// written and read again is equal to itself.
absl::Time SystemClock::Now() const {
  return absl::FromUnixMicros(absl::GetCurrentTimeNanos() / 1000);
}

}  // namespace rostrum
