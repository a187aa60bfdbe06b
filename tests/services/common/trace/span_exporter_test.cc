#include "services/common/trace/span_exporter.h"

#include <map>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "services/common/trace/tracing.h"
#include "tests/services/common/trace/fake_collector.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<SpanData> NewSpan(const std::string& name) {
  auto span = std::make_unique<SpanData>();
  span->context = TraceContext::Continue("", "");
  span->name = name;
  span->start = span->end = absl::Now();
  return span;
}

class SpanExporterTest : public testing::Test {
 protected:
  SpanExporterTest() {
    options_.url = collector_.url() + "/v1/traces";
    options_.resource = {{"service.name", "test"}};
    options_.interval = absl::Milliseconds(10);
    options_.flush = absl::Milliseconds(200);
  }
  int Received() {
    int spans = 0;
    for (const std::string& body : collector_.bodies()) {
      const auto json = nlohmann::json::parse(body);
      spans += static_cast<int>(json["resourceSpans"][0]["scopeSpans"][0]["spans"].size());
    }
    return spans;
  }
  bool Exposes(const std::string& line) {
    return metrics_.Expose().find("\n" + line + "\n") != std::string::npos;
  }
  template <class Condition>
  bool Eventually(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) absl::SleepFor(absl::Milliseconds(10));
    return condition();
  }

  FakeCollector collector_;
  ExportOptions options_;
  Metrics metrics_;
};

TEST_F(SpanExporterTest, SendsSpansAsJson) {
  SpanExporter exporter(options_, metrics_);
  exporter.Add(NewSpan("one"));
  ASSERT_TRUE(Eventually([&] { return Received() == 1; }));
  EXPECT_THAT(collector_.last_head(), HasSubstr("POST /v1/traces HTTP/1.1"));
  EXPECT_THAT(collector_.last_head(), HasSubstr("Content-Type: application/json"));
  EXPECT_TRUE(Eventually([&] { return Exposes("trace_spans_exported_total 1"); }));
}

TEST_F(SpanExporterTest, SendsInBatchesAndWhatIsLeftAtTheEnd) {
  options_.batch = 10;
  options_.interval = absl::Hours(1);
  options_.flush = absl::Minutes(1);
  {
    SpanExporter exporter(options_, metrics_);
    for (int i = 0; i < 25; ++i) exporter.Add(NewSpan("x"));
  }
  EXPECT_EQ(Received(), 25);
  EXPECT_EQ(collector_.bodies().size(), 3u);
}

TEST_F(SpanExporterTest, DropsAndCountsWhatFindsTheQueueFull) {
  collector_.set_status(0);  // the exporter waits for the first answer
  options_.queue = 5;
  options_.batch = 1;
  SpanExporter exporter(options_, metrics_);
  exporter.Add(NewSpan("first"));
  ASSERT_TRUE(Eventually([&] { return Received() == 1; }));
  // Returns at once, or the test would take as long as the collector.
  for (int i = 0; i < 1000; ++i) exporter.Add(NewSpan("more"));
  EXPECT_TRUE(Exposes("trace_spans_dropped_total{reason=\"queue_full\"} 995"));
}

TEST_F(SpanExporterTest, GivesUpWhatTheCollectorRefuses) {
  collector_.set_status(400);
  SpanExporter exporter(options_, metrics_);
  exporter.Add(NewSpan("one"));
  EXPECT_TRUE(
      Eventually([&] { return Exposes("trace_spans_dropped_total{reason=\"not_taken\"} 1"); }));
  EXPECT_EQ(Received(), 1);
}

TEST_F(SpanExporterTest, TriesAgainWhereTheCollectorAsksForIt) {
  collector_.set_status(503);
  SpanExporter exporter(options_, metrics_);
  exporter.Add(NewSpan("one"));
  ASSERT_TRUE(Eventually([&] { return Received() == 1; }));
  collector_.set_status(200);
  EXPECT_TRUE(Eventually([&] { return Exposes("trace_spans_exported_total 1"); }));
  EXPECT_TRUE(Exposes("trace_spans_dropped_total{reason=\"not_taken\"} 0"));
}

TEST_F(SpanExporterTest, EndsThoughNobodyListens) {
  options_.url = "http://127.0.0.1:1/v1/traces";
  {
    SpanExporter exporter(options_, metrics_);
    exporter.Add(NewSpan("one"));
  }
  EXPECT_TRUE(Exposes("trace_spans_dropped_total{reason=\"not_taken\"} 1"));
}

TEST_F(SpanExporterTest, EndsThoughTheCollectorIsSilent) {
  collector_.set_status(0);
  options_.timeout = absl::Hours(1);
  {
    SpanExporter exporter(options_, metrics_);
    exporter.Add(NewSpan("one"));
    ASSERT_TRUE(Eventually([&] { return Received() == 1; }));
  }
  EXPECT_TRUE(Exposes("trace_spans_dropped_total{reason=\"not_taken\"} 1"));
}

TEST_F(SpanExporterTest, TracingIsOnWhileItLives) {
  Settings env(std::map<std::string, std::string>{
      {"OTEL_EXPORTER_OTLP_ENDPOINT", collector_.url() + "/"},
      {"OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=a%20b, service.name=other"}});
  const TraceSettings settings = ReadTraceSettings(env);
  ASSERT_THAT(env.Check(), IsOk());
  EXPECT_EQ(settings.url, options_.url);
  {
    const Tracing tracing(settings, "content", metrics_);
    EXPECT_TRUE(TracingIsOn());
    Span::Of(TraceContext::Continue("", ""), SpanKind::kServer, "x").End();
  }
  EXPECT_FALSE(TracingIsOn());
  ASSERT_EQ(Received(), 1);
  std::map<std::string, std::string> resource;
  const auto sent = nlohmann::json::parse(collector_.bodies()[0])["resourceSpans"][0]["resource"];
  for (const auto& attribute : sent["attributes"]) {
    resource[attribute["key"]] = attribute["value"]["stringValue"];
  }
  EXPECT_EQ(resource["deployment.environment"], "a b");
  EXPECT_EQ(resource["service.name"], "other");
  EXPECT_EQ(resource["service.namespace"], "rostrum");
}

TEST(TraceSettingsTest, AreOffByDefault) {
  Settings env(std::map<std::string, std::string>{});
  Metrics metrics;
  const Tracing tracing(ReadTraceSettings(env), "content", metrics);
  EXPECT_THAT(env.Check(), IsOk());
  EXPECT_FALSE(TracingIsOn());
}

TEST(TraceSettingsTest, TellsWhatIsMalformed) {
  for (const char* endpoint : {"collector:4318", "ftp://collector", "http://", "http://a b",
                               "http://user:secret@collector", "http://collector/?key=secret"}) {
    Settings env(std::map<std::string, std::string>{{"OTEL_EXPORTER_OTLP_ENDPOINT", endpoint}});
    ReadTraceSettings(env);
    EXPECT_THAT(env.Check().message(), HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT")) << endpoint;
    EXPECT_THAT(env.Check().message(), Not(HasSubstr("secret")));
  }
  Settings env(std::map<std::string, std::string>{{"OTEL_TRACES_SAMPLER", "some"},
                                                  {"OTEL_RESOURCE_ATTRIBUTES", "novalue"}});
  ReadTraceSettings(env);
  EXPECT_THAT(env.Check().message(), HasSubstr("OTEL_TRACES_SAMPLER"));
  EXPECT_THAT(env.Check().message(), HasSubstr("OTEL_RESOURCE_ATTRIBUTES"));
}

}  // namespace
}  // namespace rostrum
