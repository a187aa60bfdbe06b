#include "services/common/trace/trace_context.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/common/trace/sampler.h"

namespace rostrum {
namespace {

constexpr size_t kMaxTraceparent = 256;
constexpr size_t kMaxTracestate = 512;

thread_local const TraceContext* current = nullptr;

bool IsLowerHex(absl::string_view text, size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

bool AllZero(absl::string_view text) {
  return text.find_first_not_of('0') == absl::string_view::npos;
}

bool IsTracestate(absl::string_view text) {
  return text.size() <= kMaxTracestate &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

// Ids need to be unique, not secret, so no system call is made for them.
uint64_t RandomId() {
  thread_local absl::BitGen generator;
  return absl::Uniform<uint64_t>(absl::IntervalClosed, generator, 1, UINT64_MAX);
}

std::string Hex16(uint64_t value) { return absl::StrCat(absl::Hex(value, absl::kZeroPad16)); }

}  // namespace

std::string NewSpanId() { return Hex16(RandomId()); }

std::string TraceContext::Traceparent() const {
  return absl::StrCat("00-", trace_id, "-", span_id, sampled ? "-01" : "-00");
}

// W3C Trace Context, 3.2: version-traceid-parentid-flags. Later versions may
// add parts.
TraceContext TraceContext::Parse(absl::string_view traceparent, absl::string_view tracestate) {
  if (traceparent.empty() || traceparent.size() > kMaxTraceparent) return {};
  const std::vector<absl::string_view> parts = absl::StrSplit(traceparent, '-');
  if (parts.size() < 4 || !IsLowerHex(parts[0], 2) || parts[0] == "ff") return {};
  if (parts[0] == "00" && parts.size() != 4) return {};
  if (!IsLowerHex(parts[1], 32) || AllZero(parts[1])) return {};
  if (!IsLowerHex(parts[2], 16) || AllZero(parts[2])) return {};
  if (!IsLowerHex(parts[3], 2)) return {};
  int flags = 0;
  TraceContext trace;
  trace.trace_id = std::string(parts[1]);
  trace.span_id = std::string(parts[2]);
  trace.sampled = absl::SimpleHexAtoi(parts[3], &flags) && (flags & 1) != 0;
  if (IsTracestate(tracestate)) trace.tracestate = std::string(tracestate);
  return trace;
}

TraceContext TraceContext::Continue(absl::string_view traceparent, absl::string_view tracestate) {
  TraceContext trace = Parse(traceparent, tracestate);
  const bool is_root = trace.trace_id.empty();
  if (is_root) trace.trace_id = Hex16(RandomId()) + Hex16(RandomId());
  trace.parent_id = std::move(trace.span_id);
  trace.span_id = NewSpanId();
  trace.sampled = Sampler::InForce().Samples(trace.trace_id, is_root, trace.sampled);
  return trace;
}

TraceContext TraceContext::Unsampled() {
  TraceContext trace;
  trace.trace_id = Hex16(RandomId()) + Hex16(RandomId());
  trace.span_id = NewSpanId();
  return trace;
}

const TraceContext& TraceContext::Current() {
  static const TraceContext* const kNone = new TraceContext;
  return current != nullptr ? *current : *kNone;
}

ScopedTrace::ScopedTrace(const TraceContext& context) : outer_(current) { current = &context; }

ScopedTrace::~ScopedTrace() { current = outer_; }

}  // namespace rostrum
