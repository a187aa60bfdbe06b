#pragma once

#include "absl/strings/string_view.h"
#include "services/common/trace/span.h"

namespace rostrum {

// The values of messaging.system.
inline constexpr char kOutboxSystem[] = "outbox";
inline constexpr char kMailSystem[] = "mail_queue";

// Sets the messaging attributes of OpenTelemetry on the span of a producer or a consumer.
// `destination` is the kind of message, `operation` what `system` calls it.
void DescribePublish(Span& span, absl::string_view system, absl::string_view destination,
                     absl::string_view operation = "publish");
void DescribeProcess(Span& span, absl::string_view system, absl::string_view destination,
                     absl::string_view operation = "process");

}  // namespace rostrum
