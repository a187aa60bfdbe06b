#include "services/common/base/metrics.h"

#include <cstdlib>
#include <map>

#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"
#include "services/common/base/log.h"
#include "services/common/base/process_metrics.h"

namespace rostrum {
namespace {

using Families = std::vector<prometheus::MetricFamily>;

const prometheus::Histogram::BucketBoundaries& SecondsBuckets() {
  static const auto* const buckets = new prometheus::Histogram::BucketBoundaries{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 0.5, 1, 2.5, 5, 10};
  return *buckets;
}

std::map<std::string, std::string> LabelsOf(const MetricFamily& family,
                                            const Metrics::LabelValues& values) {
  const std::vector<std::string> names = family.labels();
  if (names.size() != values.size()) {
    LogError("a metric is made with other labels than declared", {{"metric", family.name()}});
    std::abort();
  }
  std::map<std::string, std::string> labels;
  for (size_t i = 0; i < names.size(); ++i) labels[names[i]] = values[i];
  return labels;
}

}  // namespace

class Metrics::Source final : public prometheus::Collectable {
 public:
  Families Collect() const override {
    Families families = registry.Collect();
    for (auto& family : ProcessMetrics()) families.push_back(std::move(family));
    return families;
  }
  prometheus::Registry registry;
};

Metrics::Metrics() : source_(std::make_shared<Source>()) {}

std::shared_ptr<prometheus::Collectable> Metrics::collectable() const { return source_; }

// If a family is registered again, the registry returns the existing one.
prometheus::Counter& Metrics::Counter(const CounterFamily& family, const LabelValues& values) {
  return prometheus::BuildCounter()
      .Name(family.name())
      .Help(family.help())
      .Register(source_->registry)
      .Add(LabelsOf(family, values));
}

prometheus::Gauge& Metrics::Gauge(const GaugeFamily& family, const LabelValues& values) {
  return prometheus::BuildGauge()
      .Name(family.name())
      .Help(family.help())
      .Register(source_->registry)
      .Add(LabelsOf(family, values));
}

prometheus::Histogram& Metrics::Seconds(const HistogramFamily& family, const LabelValues& values) {
  return prometheus::BuildHistogram()
      .Name(family.name())
      .Help(family.help())
      .Register(source_->registry)
      .Add(LabelsOf(family, values), SecondsBuckets());
}

std::string Metrics::Expose() const {
  return prometheus::TextSerializer().Serialize(source_->Collect());
}

}  // namespace rostrum
