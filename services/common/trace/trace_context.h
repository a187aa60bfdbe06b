#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace rostrum {

// W3C Trace Context (traceparent): hex ids, passed on by every hop.
struct TraceContext {
  std::string trace_id;   // 32 hex digits; empty: no trace
  std::string span_id;    // 16 hex digits: the span of this hop
  std::string parent_id;  // of the caller, or empty
  bool sampled = false;
  std::string tracestate;
  std::string Traceparent() const;

  // A new span in the trace that the headers name, or in a new trace if they are absent or
  // malformed. The sampler (tracing.h) decides whether it is sampled; without tracing the
  // caller's decision is passed on.
  static TraceContext Continue(absl::string_view traceparent, absl::string_view tracestate);
  // Only what the headers say: span_id is that of the sender. No trace if they are
  // malformed.
  static TraceContext Parse(absl::string_view traceparent, absl::string_view tracestate);
  // A trace that is never sampled, for work that belongs to no request.
  static TraceContext Unsampled();

  // The context of the span that runs on this thread, or an empty one.
  static const TraceContext& Current();
};

// 16 hex digits.
std::string NewSpanId();

// Makes a context the current one of this thread for a scope.
class ScopedTrace {
 public:
  // `context` must outlive it.
  explicit ScopedTrace(const TraceContext& context);
  ~ScopedTrace();
  ScopedTrace(const ScopedTrace&) = delete;
  ScopedTrace& operator=(const ScopedTrace&) = delete;

 private:
  const TraceContext* const outer_;
};

}  // namespace rostrum
