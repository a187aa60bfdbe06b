#include "services/common/rpc/event_span.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/rpc/proto_time.h"
#include "services/common/trace/messaging.h"

namespace rostrum {

std::string TypeOf(const event::v1::Event& event) {
  const std::string& url = event.payload().type_url();
  return url.substr(url.rfind('/') + 1);
}

Span ConsumerSpan(const event::v1::Event& event) {
  if (!TracingIsOn() || event.traceparent().empty()) return {};
  Span span = Span::ChildOf(TraceContext::Parse(event.traceparent(), ""), SpanKind::kConsumer, "");
  if (!span.recorded()) return span;
  const std::string type = TypeOf(event);
  span.SetName(absl::StrCat(type.substr(type.rfind('.') + 1), " process"));
  DescribeProcess(span, kOutboxSystem, type);
  span.Set({"rostrum.delay_ms",
            absl::ToDoubleMilliseconds(absl::Now() - FromProtoTime(event.create_time()))});
  return span;
}

}  // namespace rostrum
