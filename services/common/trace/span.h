#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/common/base/log.h"
#include "services/common/trace/trace_context.h"

namespace rostrum {

// The numbers are OTLP's.
enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };

// A span that has ended, as the exporter gets it.
struct SpanData {
  TraceContext context;
  std::string name;
  SpanKind kind = SpanKind::kInternal;
  absl::Time start;
  absl::Time end;
  // Nothing personal and nothing that a reader sent: names, codes and counts.
  LogFields attributes;
  bool failed = false;
  std::string error;  // a code or reason
};

// Takes spans that have ended; must not block.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Add(std::unique_ptr<SpanData> span) = 0;
};
// Where spans of this process go; null for nowhere, which is the beginning. The
// sink outlives every span, or is set to null before it goes.
void SetSpanSink(SpanSink* sink);
bool TracingIsOn();

// A piece of work in a trace. Empty, and nearly free, if tracing is off or its
// trace is not sampled. Ends when destroyed. Not thread-safe, but movable
// between threads.
class Span {
 public:
  Span() = default;
  Span(Span&&) = default;
  Span& operator=(Span&& other);
  ~Span() { End(); }

  // Part of the work of `parent`.
  static Span ChildOf(const TraceContext& parent, SpanKind kind, absl::string_view name);
  // The one that `context` names itself, made by TraceContext::Continue.
  static Span Of(const TraceContext& context, SpanKind kind, absl::string_view name);

  // If false, its name and attributes need not be made.
  bool recorded() const { return data_ != nullptr; }
  // To hand on; only if recorded.
  const TraceContext& context() const { return data_->context; }

  void SetName(std::string name);
  void SetStart(absl::Time start);
  void Set(LogField attribute);
  void Fail(absl::string_view error);
  void End();

 private:
  std::unique_ptr<SpanData> data_;
};

// For ScopedLogFields: which trace and span a line belongs to; nothing if empty.
LogFields TraceFields(const TraceContext& trace);

// A part of the work that runs on this thread, and the current span until it
// ends.
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
