#include "services/common/trace/store_outcome.h"

#include <string>

#include "services/common/base/status.h"

namespace rostrum {

void MarkOutcome(Span& span, const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (absl::IsInternal(status) || absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
      reason == "CONFLICT" || reason == kDatabaseBusy) {
    span.Fail(absl::StatusCodeToString(status.code()));
  }
}

}  // namespace rostrum
