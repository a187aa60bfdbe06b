#pragma once

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/metrics.h"
#include "services/common/trace/otlp_json.h"
#include "services/common/trace/span.h"

namespace rostrum {

struct ExportOptions {
  std::string url;  // "http://collector:4318/v1/traces"
  ResourceAttributes resource;
  size_t queue = 8192;                         // spans that may wait; more are dropped
  size_t batch = 512;                          // spans of one request at the most
  absl::Duration interval = absl::Seconds(1);  // how long a span waits for a batch to fill
  absl::Duration timeout = absl::Seconds(5);   // of one request
  absl::Duration flush = absl::Seconds(3);     // how long the destructor may take
};

// Sends spans to an OTLP/HTTP collector from its own thread; Add never waits for it. Spans
// are dropped and counted if the queue is full, if the collector refuses them, or after
// three failed tries. Thread-safe.
class SpanExporter final : public SpanSink {
 public:
  SpanExporter(ExportOptions options, Metrics& metrics);
  // Sends what is left, for at most `flush`.
  ~SpanExporter() override;

  void Add(std::unique_ptr<SpanData> span) override;

 private:
  using Batch = std::vector<std::unique_ptr<SpanData>>;
  class Connection;
  enum class Outcome { kTaken, kAway, kRefused };

  void Run();
  // The next batch; empty when there will be none.
  Batch Take();
  void Send(Connection& connection, const Batch& batch);
  void Tell(Outcome outcome, const std::string& error);
  // Waits. False if the destructor leaves no time for that.
  bool Pause(absl::Duration duration);
  bool OutOfTime();

  const ExportOptions options_;
  prometheus::Counter& exported_;
  prometheus::Counter& overflowed_;
  prometheus::Counter& undelivered_;
  bool away_ = false;  // of the thread
  absl::Mutex mu_;
  std::deque<std::unique_ptr<SpanData>> queue_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::Time give_up_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  std::thread thread_;
};

// Exports the exporter's metrics as 0, for a process without an exporter.
void DeclareSpanMetrics(Metrics& metrics);

}  // namespace rostrum
