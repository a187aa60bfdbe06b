#pragma once

#include "absl/time/time.h"

namespace rostrum {

// Tells the time. Injected everywhere, so that tests can move it.
// Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
};

}  // namespace rostrum
