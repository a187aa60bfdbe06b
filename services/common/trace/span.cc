#include "services/common/trace/span.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/time/clock.h"

namespace rostrum {
namespace {

std::atomic<SpanSink*> sink{nullptr};

}  // namespace

void SetSpanSink(SpanSink* new_sink) { sink.store(new_sink, std::memory_order_release); }

bool TracingIsOn() { return sink.load(std::memory_order_relaxed) != nullptr; }

Span& Span::operator=(Span&& other) {
  if (this != &other) {
    End();
    data_ = std::move(other.data_);
  }
  return *this;
}

Span Span::Of(const TraceContext& context, SpanKind kind, absl::string_view name) {
  Span span;
  if (!context.sampled || !TracingIsOn()) return span;
  span.data_ = std::make_unique<SpanData>();
  span.data_->context = context;
  span.data_->name = std::string(name);
  span.data_->kind = kind;
  span.data_->start = absl::Now();  // the real clock: spans are compared with other machines'
  return span;
}

Span Span::ChildOf(const TraceContext& parent, SpanKind kind, absl::string_view name) {
  Span span = Of(parent, kind, name);
  if (span.recorded()) {
    span.data_->context.parent_id = std::move(span.data_->context.span_id);
    span.data_->context.span_id = NewSpanId();
  }
  return span;
}

TraceContext IfRecorded(const TraceContext& trace) {
  return trace.sampled && TracingIsOn() ? trace : TraceContext();
}

LogFields TraceFields(const TraceContext& trace) {
  if (trace.trace_id.empty()) return {};
  return {{"trace_id", trace.trace_id}, {"span_id", trace.span_id}};
}

void Span::SetName(std::string name) {
  if (recorded()) data_->name = std::move(name);
}

void Span::SetStart(absl::Time start) {
  if (recorded()) data_->start = start;
}

void Span::Set(LogField attribute) {
  if (recorded()) data_->attributes.push_back(std::move(attribute));
}

void Span::Link(const TraceContext& other) {
  if (!recorded() || other.span_id.empty() || other.span_id == context().span_id) return;
  data_->links.push_back(other);
}

void Span::Fail(absl::string_view error) {
  if (!recorded()) return;
  data_->failed = true;
  data_->error = std::string(error);
}

void Span::End() {
  if (!recorded()) return;
  data_->end = std::max(data_->start, absl::Now());
  if (data_->failed) data_->attributes.emplace_back("error.type", data_->error);
  std::unique_ptr<SpanData> ended = std::move(data_);
  if (SpanSink* const to = sink.load(std::memory_order_acquire)) to->Add(std::move(ended));
}

}  // namespace rostrum
