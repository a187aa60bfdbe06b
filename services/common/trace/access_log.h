#pragma once

#include "absl/time/time.h"
#include "services/common/base/log.h"
#include "services/common/trace/trace_context.h"

namespace rostrum {

// How a request ended, as far as its log line goes.
enum class Ending {
  kFine,      // also what was refused for good reason
  kAway,      // something that we need did not answer
  kOurFault,  // a defect
};

// The level of the one line of a request. A busy site must not drown in them, so
// most are of level debug. What somebody will look for is more: an error for our
// own faults, a warning where something is away, and info for what took over a
// second and for what belongs to a recorded trace, which makes the sampler's
// share the share of these lines too. `took` is zero for streams.
LogLevel AccessLevel(Ending ending, absl::Duration took, const TraceContext& trace);

// Of these lines, at most, above level debug: a LogBudget for each kind.
inline constexpr int64_t kAccessLinesPerSecond = 100;

}  // namespace rostrum
