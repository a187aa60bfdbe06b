#pragma once

#include "absl/status/status.h"
#include "services/common/trace/span.h"

namespace rostrum {

// Marks the span of work in a store by how that ended. A rule that said no is no
// failure of the store.
void MarkOutcome(Span& span, const absl::Status& status);

}  // namespace rostrum
