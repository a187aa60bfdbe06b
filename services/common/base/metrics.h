#pragma once

#include <memory>
#include <string>
#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "services/common/base/metric_family.h"

namespace rostrum {

// The metrics of a process, with process_* and build_info from the operating system.
// Looking a metric up takes a lock, so callers do it once and keep the reference.
// Thread-safe.
class Metrics {
 public:
  // One value for each label of the family, in its order.
  using LabelValues = std::vector<std::string>;

  Metrics();

  prometheus::Counter& Counter(const CounterFamily& family, const LabelValues& values = {});
  prometheus::Gauge& Gauge(const GaugeFamily& family, const LabelValues& values = {});
  // Buckets from 0.5 ms to 10 s. One of them is 300 ms, the latency objective of reads.
  prometheus::Histogram& Seconds(const HistogramFamily& family, const LabelValues& values = {});

  // The text exposition format.
  std::string Expose() const;
  // For prometheus-cpp's Exposer.
  std::shared_ptr<prometheus::Collectable> collectable() const;

 private:
  class Source;
  std::shared_ptr<Source> source_;
};

}  // namespace rostrum
