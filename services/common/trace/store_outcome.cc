#include "services/common/trace/store_outcome.h"

#include "services/common/base/status.h"

namespace rostrum {

void MarkOutcome(Span& span, const absl::Status& status) {
  if (absl::IsInternal(status) || absl::IsUnavailable(status) || absl::IsAborted(status) ||
      absl::IsDeadlineExceeded(status) || ReasonOf(status) == "DATABASE_BUSY") {
    span.Fail(absl::StatusCodeToString(status.code()));
  }
}

}  // namespace rostrum
