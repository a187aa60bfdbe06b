#pragma once

#include "absl/time/time.h"
#include "services/common/base/log.h"
#include "services/common/trace/trace_context.h"

namespace rostrum {

// How a request ended, for the level of its log line.
enum class Ending {
  kFine,      // answered, or refused because of the request
  kAway,      // something that this process depends on did not answer
  kOurFault,  // a defect
};

// The level of the one log line of a request. Most lines are of level debug, so that a busy
// site does not drown in them. The others:
// - error for our own faults,
// - warning where something is unavailable,
// - info for requests that took over a second, and for those in a recorded trace: so the
//   sampler's share is also the share of these lines.
// `took` is zero for streams.
LogLevel AccessLevel(Ending ending, absl::Duration took, const TraceContext& trace);

// At most this many lines a second above level debug, for each kind (LogBudget).
inline constexpr int64_t kAccessLinesPerSecond = 100;

}  // namespace rostrum
