#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/common/base/log.h"
#include "services/common/trace/trace_context.h"

namespace rostrum {

// The numbers are those of OTLP.
enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };

// A span that has ended, as the exporter gets it.
struct SpanData {
  TraceContext context;
  std::string name;
  SpanKind kind = SpanKind::kInternal;
  absl::Time start;
  absl::Time end;
  // Only names, codes and counts: nothing personal and nothing that a reader sent.
  LogFields attributes;
  std::vector<TraceContext> links;
  bool failed = false;
  std::string error;  // a code or reason
};

// Takes spans that have ended; must not block.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Add(std::unique_ptr<SpanData> span) = 0;
};
// Sets where the spans of this process go; null, as at first, discards them. The sink must
// outlive every span, or be replaced by null before it is destroyed.
void SetSpanSink(SpanSink* sink);
bool TracingIsOn();

// A piece of work in a trace. Empty, and nearly free, if tracing is off or the trace is not
// sampled. Ends when destroyed. Not thread-safe, but can be moved to another thread.
class Span {
 public:
  Span() = default;
  Span(Span&&) = default;
  Span& operator=(Span&& other);
  ~Span() { End(); }

  // A child of the span `parent`.
  static Span ChildOf(const TraceContext& parent, SpanKind kind, absl::string_view name);
  // The span of `context` itself, as made by TraceContext::Continue.
  static Span Of(const TraceContext& context, SpanKind kind, absl::string_view name);

  // If false, its name and attributes need not be made.
  bool recorded() const { return data_ != nullptr; }
  // The context for children. Only if recorded().
  const TraceContext& context() const { return data_->context; }

  void SetName(std::string name);
  void SetStart(absl::Time start);
  void Set(LogField attribute);
  // Names a span, mostly of another trace, that did part of this one's work. Nothing if `other`
  // is empty or this span itself.
  void Link(const TraceContext& other);
  void Fail(absl::string_view error);
  void End();

 private:
  std::unique_ptr<SpanData> data_;
};

// `trace` if its spans are recorded, else an empty one. For Span::Link.
TraceContext IfRecorded(const TraceContext& trace);

// For ScopedLogFields: the trace and the span that a line belongs to; no fields if `trace`
// is empty.
LogFields TraceFields(const TraceContext& trace);

// A child span for work on this thread. It is the current span of the thread until it ends.
class ScopedSpan {
 public:
  ScopedSpan(SpanKind kind, absl::string_view name)
      : ScopedSpan(TraceContext::Current(), kind, name) {}
  ScopedSpan(const TraceContext& parent, SpanKind kind, absl::string_view name)
      : span_(Span::ChildOf(parent, kind, name)),
        bound_(span_.recorded() ? span_.context() : TraceContext::Current()) {}

  Span& operator*() { return span_; }
  Span* operator->() { return &span_; }

 private:
  Span span_;
  const ScopedTrace bound_;
};

}  // namespace rostrum
