#pragma once

#include "absl/status/status.h"
#include "services/common/trace/span.h"

namespace rostrum {

// Marks the span of work in a store with its status. A refusal by a rule is no failure of
// the store.
void MarkOutcome(Span& span, const absl::Status& status);

}  // namespace rostrum
