#pragma once

#include <string>

#include "absl/time/time.h"
#include "grpcpp/support/status.h"

namespace rostrum {

// Whether a try ended because its time ran out: gRPC says so, or the other service says
// that the time of the call was over.
bool IsLate(const grpc::Status& status);

// The first try of a call that may be repeated has this share of its time.
inline constexpr double kFirstTry = 2.0 / 3;

// Decides how often one call is tried. A replica may hang while its connections stay open,
// so a call that may be repeated is tried again when it gets no answer in time:
// - The first try has two thirds of the time (kFirstTry).
// - round_robin may send the next try to the replica that hangs again. So the second try
//   has half of the time that is left, and after the same replica failed again the next has
//   half of the rest, as long as that is at least 100 ms.
// - Once two different replicas were late, the service is slow: one more try has all the
//   time that is left.
class Tries {
 public:
  Tries(bool repeatable, absl::Time now, absl::Time deadline);

  // When this try ends.
  absl::Time until() const { return until_; }
  // Whether to try again after this try ended with `status` at the replica `peer`.
  bool Again(const grpc::Status& status, const std::string& peer, absl::Time now);

 private:
  const bool repeatable_;
  const absl::Time deadline_;
  absl::Time until_;
  std::string late_peer_;
};

}  // namespace rostrum
