#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/common/trace/span.h"

namespace rostrum {

// Turns tracing on for as long as it lives, and keeps what ends. Thread-safe.
class KeptSpans final : public SpanSink {
 public:
  KeptSpans() { SetSpanSink(this); }
  ~KeptSpans() override { SetSpanSink(nullptr); }

  void Add(std::unique_ptr<SpanData> span) override {
    absl::MutexLock lock(&mu_);
    spans_.push_back(std::move(span));
  }
  // Takes them, in the order in which they ended.
  std::vector<std::unique_ptr<SpanData>> Take() {
    absl::MutexLock lock(&mu_);
    return std::exchange(spans_, {});
  }
  size_t size() {
    absl::MutexLock lock(&mu_);
    return spans_.size();
  }

 private:
  absl::Mutex mu_;
  std::vector<std::unique_ptr<SpanData>> spans_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum
