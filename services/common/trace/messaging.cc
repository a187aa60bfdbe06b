#include "services/common/trace/messaging.h"

namespace rostrum {
namespace {

void Describe(Span& span, absl::string_view system, absl::string_view destination,
              absl::string_view operation, absl::string_view type) {
  if (!span.recorded()) return;
  span.Set({"messaging.system", system});
  span.Set({"messaging.destination.name", destination});
  span.Set({"messaging.operation.name", operation});
  span.Set({"messaging.operation.type", type});
}

}  // namespace

void DescribePublish(Span& span, absl::string_view system, absl::string_view destination,
                     absl::string_view operation) {
  Describe(span, system, destination, operation, "publish");
}

void DescribeProcess(Span& span, absl::string_view system, absl::string_view destination,
                     absl::string_view operation) {
  Describe(span, system, destination, operation, "process");
}

}  // namespace rostrum
