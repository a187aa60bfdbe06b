#include "services/common/base/metrics.h"

#include "gmock/gmock.h"

namespace rostrum {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

const CounterFamily kPublished{"test_published_total", "Posts published.", {"access"}};
const GaugeFamily kPending{"test_pending", "Events not yet pulled."};
const HistogramFamily kSeconds{"test_seconds", "Time of a \"query\"."};

TEST(MetricsTest, ExposesWhatWasCounted) {
  Metrics metrics;
  metrics.Counter(kPublished, {"premium"}).Increment();
  metrics.Gauge(kPending).Set(3);
  metrics.Seconds(kSeconds).Observe(0.002);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("# HELP test_published_total Posts published."));
  EXPECT_THAT(text, HasSubstr("test_published_total{access=\"premium\"} 1"));
  EXPECT_THAT(text, HasSubstr("# TYPE test_pending gauge"));
  EXPECT_THAT(text, HasSubstr("test_pending 3"));
  EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"0.0025\"} 1"));
  EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"10\"} 1"));
}

TEST(MetricsTest, GivesTheSameMetricForTheSameLabels) {
  Metrics metrics;
  EXPECT_EQ(&metrics.Gauge(kPending), &metrics.Gauge(kPending));
  EXPECT_EQ(&metrics.Counter(kPublished, {"a"}), &metrics.Counter(kPublished, {"a"}));
  EXPECT_NE(&metrics.Counter(kPublished, {"a"}), &metrics.Counter(kPublished, {"b"}));
}

TEST(MetricsDeathTest, TakesOnlyTheLabelsThatWereDeclared) {
  Metrics metrics;
  EXPECT_DEATH(metrics.Counter(kPublished), "test_published_total");
}

TEST(MetricsTest, TellsOfTheProcess) {
  const std::string text = Metrics().Expose();
  EXPECT_THAT(text, ContainsRegex("\nprocess_cpu_seconds_total [0-9.e-]*[1-9]"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_resident_memory_bytes [1-9]"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_open_fds [1-9]"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_start_time_seconds [1-9][0-9.]*[0-9]"));
  EXPECT_THAT(text, ContainsRegex("\nbuild_info\\{version=\"[0-9.]+\"\\} 1"));
}

TEST(MetricFamilyTest, ListsWhatIsDeclared) {
  std::vector<std::string> names;
  for (const MetricFamily* family : MetricFamily::All()) names.push_back(family->name());
  EXPECT_THAT(names, Contains("test_published_total"));
  EXPECT_THAT(names, Contains("process_open_fds"));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  const std::string json = MetricFamiliesJson();
  EXPECT_THAT(json, HasSubstr("{\"name\":\"test_published_total\",\"type\":\"counter\",\"help\":"
                              "\"Posts published.\",\"labels\":[\"access\"]}"));
  EXPECT_THAT(json, HasSubstr("Time of a \\\"query\\\"."));
}

}  // namespace
}  // namespace rostrum
