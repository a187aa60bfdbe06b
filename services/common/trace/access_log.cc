#include "services/common/trace/access_log.h"

#include "services/common/trace/span.h"

namespace rostrum {
namespace {

constexpr absl::Duration kSlow = absl::Seconds(1);

}  // namespace

LogLevel AccessLevel(Ending ending, absl::Duration took, const TraceContext& trace) {
  if (ending == Ending::kOurFault) return LogLevel::kError;
  if (ending == Ending::kAway) return LogLevel::kWarning;
  if (took > kSlow || (trace.sampled && TracingIsOn())) return LogLevel::kInfo;
  return LogLevel::kDebug;
}

}  // namespace rostrum
