#include "services/common/trace/store_outcome.h"

namespace rostrum {

void MarkOutcome(Span& span, const absl::Status& status) {
  if (absl::IsInternal(status) || absl::IsUnavailable(status) || absl::IsAborted(status) ||
      absl::IsDeadlineExceeded(status)) {
    span.Fail(absl::StatusCodeToString(status.code()));
  }
}

}  // namespace rostrum
