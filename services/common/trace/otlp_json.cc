#include "services/common/trace/otlp_json.h"

#include <cmath>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/common/base/json_text.h"
#include "services/common/base/version.h"

namespace rostrum {
namespace {

struct AppendValue {
  std::string& out;
  void operator()(const std::string& value) const {
    absl::StrAppend(&out, "{\"stringValue\":", JsonString(value), "}");
  }
  // 64 bit numbers are strings in protobuf's JSON.
  void operator()(int64_t value) const { absl::StrAppend(&out, "{\"intValue\":\"", value, "\"}"); }
  void operator()(double value) const {
    absl::StrAppend(&out, "{\"doubleValue\":", std::isfinite(value) ? value : 0.0, "}");
  }
  void operator()(bool value) const {
    absl::StrAppend(&out, "{\"boolValue\":", value ? "true" : "false", "}");
  }
};

void AppendAttribute(std::string& out, const LogField& attribute) {
  if (out.back() != '[') out.push_back(',');
  absl::StrAppend(&out, "{\"key\":", JsonString(attribute.key), ",\"value\":");
  std::visit(AppendValue{out}, attribute.value);
  out.push_back('}');
}

void AppendLink(std::string& out, const TraceContext& link) {
  if (out.back() != '[') out.push_back(',');
  absl::StrAppend(&out, "{\"traceId\":\"", link.trace_id, "\",\"spanId\":\"", link.span_id, "\"}");
}

void AppendSpan(std::string& out, const SpanData& span) {
  if (out.back() != '[') out.push_back(',');
  absl::StrAppend(&out, "{\"traceId\":\"", span.context.trace_id, "\",\"spanId\":\"",
                  span.context.span_id, "\"");
  if (!span.context.parent_id.empty()) {
    absl::StrAppend(&out, ",\"parentSpanId\":\"", span.context.parent_id, "\"");
  }
  if (!span.context.tracestate.empty()) {
    absl::StrAppend(&out, ",\"traceState\":", JsonString(span.context.tracestate));
  }
  absl::StrAppend(&out, ",\"name\":", JsonString(span.name),
                  ",\"kind\":", static_cast<int>(span.kind), ",\"startTimeUnixNano\":\"",
                  absl::ToUnixNanos(span.start), "\",\"endTimeUnixNano\":\"",
                  absl::ToUnixNanos(span.end), "\",\"attributes\":[");
  for (const LogField& attribute : span.attributes) AppendAttribute(out, attribute);
  out.push_back(']');
  if (!span.links.empty()) {
    out.append(",\"links\":[");
    for (const TraceContext& link : span.links) AppendLink(out, link);
    out.push_back(']');
  }
  if (span.failed) {
    absl::StrAppend(&out, ",\"status\":{\"code\":2,\"message\":", JsonString(span.error), "}");
  }
  out.push_back('}');
}

}  // namespace

std::string OtlpJson(const ResourceAttributes& resource,
                     const std::vector<std::unique_ptr<SpanData>>& spans) {
  std::string out = "{\"resourceSpans\":[{\"resource\":{\"attributes\":[";
  for (const auto& [key, value] : resource) AppendAttribute(out, {key, value});
  absl::StrAppend(&out, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"rostrum\",\"version\":",
                  JsonString(kVersion), "},\"spans\":[");
  for (const auto& span : spans) AppendSpan(out, *span);
  return out + "]}]}]}";
}

}  // namespace rostrum
