#include "services/common/base/metrics.h"

#include "gmock/gmock.h"

namespace rostrum {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, ExposesWhatWasCounted) {
  Metrics metrics;
  metrics.Counter("posts_published_total", "Posts published.", {{"access", "premium"}}).Increment();
  metrics.Gauge("outbox_pending", "Events not yet pulled.").Set(3);
  metrics.Seconds("db_query_duration_seconds", "Time of a query.").Observe(0.002);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("posts_published_total{access=\"premium\"} 1"));
  EXPECT_THAT(text, HasSubstr("# TYPE outbox_pending gauge"));
  EXPECT_THAT(text, HasSubstr("outbox_pending 3"));
  EXPECT_THAT(text, HasSubstr("db_query_duration_seconds_bucket{le=\"0.0025\"} 1"));
  EXPECT_THAT(text, HasSubstr("db_query_duration_seconds_bucket{le=\"10\"} 1"));
}

TEST(MetricsTest, GivesTheSameMetricForTheSameLabels) {
  Metrics metrics;
  EXPECT_EQ(&metrics.Counter("a_total", "A."), &metrics.Counter("a_total", "A."));
  EXPECT_NE(&metrics.Counter("a_total", "A.", {{"x", "1"}}), &metrics.Counter("a_total", "A."));
}

}  // namespace
}  // namespace rostrum
