#pragma once

#include <string>

#include "absl/time/time.h"
#include "grpcpp/support/status.h"

namespace rostrum {

// Whether a call that was made only for that long ran out of time, said by gRPC or by
// the other side about itself.
bool IsLate(const grpc::Status& status);

// Of the time of a call that may be repeated, how much its first try has.
inline constexpr double kFirstTry = 2.0 / 3;

// The tries of one call. A replica may hang while its connections stand, so what may be
// repeated and is late is asked again. Calls that are late together take turns at the
// replicas again, and one of them may come to the same: then again, in half of the time
// that is left. Once two replicas are late the service is slow, and one more try has all
// the rest.
class Tries {
 public:
  Tries(bool repeatable, absl::Time now, absl::Time deadline);

  // Until when this try waits.
  absl::Time until() const { return until_; }
  // Whether there is another one, after what came of this one at `peer`.
  bool Again(const grpc::Status& status, const std::string& peer, absl::Time now);

 private:
  const bool repeatable_;
  const absl::Time deadline_;
  absl::Time until_;
  std::string late_peer_;
};

}  // namespace rostrum
