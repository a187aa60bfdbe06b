#include "services/common/trace/span.h"

#include <vector>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "services/common/trace/access_log.h"
#include "services/common/trace/otlp_json.h"
#include "tests/support/kept_spans.h"

namespace rostrum {
namespace {

using ::testing::SizeIs;

TraceContext Sampled() {
  return TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "v=1");
}

TEST(SpanTest, AreNestedByScope) {
  KeptSpans kept;
  const TraceContext request = Sampled();
  {
    const ScopedTrace bound(request);
    const ScopedSpan outer(SpanKind::kClient, "outer");
    const ScopedSpan inner(SpanKind::kProducer, "inner");
  }
  const auto spans = kept.Take();
  ASSERT_THAT(spans, SizeIs(2));
  const SpanData& inner = *spans[0];
  const SpanData& outer = *spans[1];
  EXPECT_EQ(inner.name, "inner");
  EXPECT_EQ(inner.context.parent_id, outer.context.span_id);
  EXPECT_EQ(outer.context.parent_id, request.span_id);
  EXPECT_EQ(inner.context.trace_id, request.trace_id);
  EXPECT_EQ(inner.context.tracestate, "v=1");
  EXPECT_LE(outer.start, inner.start);
  EXPECT_LE(inner.end, outer.end);
}

TEST(SpanTest, AreNotRecordedWithoutSinkOrSample) {
  EXPECT_FALSE(Span::Of(Sampled(), SpanKind::kServer, "x").recorded());
  KeptSpans kept;
  TraceContext unsampled = Sampled();
  unsampled.sampled = false;
  EXPECT_FALSE(Span::Of(unsampled, SpanKind::kServer, "x").recorded());
  EXPECT_FALSE(Span::ChildOf(TraceContext(), SpanKind::kServer, "x").recorded());
  const ScopedTrace bound(unsampled);
  const ScopedSpan span(SpanKind::kClient, "x");
  // What goes out names the span that there is.
  EXPECT_EQ(TraceContext::Current().span_id, unsampled.span_id);
  EXPECT_EQ(kept.size(), 0u);
}

TEST(SpanTest, EndsOnce) {
  KeptSpans kept;
  Span span = Span::Of(Sampled(), SpanKind::kServer, "a");
  Span moved = std::move(span);
  moved.End();
  moved.End();
  moved = Span::Of(Sampled(), SpanKind::kServer, "b");
  moved = Span();
  const auto spans = kept.Take();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[1]->name, "b");
  EXPECT_EQ(spans[1]->context.span_id, Sampled().span_id);
}

TEST(OtlpJsonTest, IsWhatCollectorsRead) {
  KeptSpans kept;
  {
    Span span = Span::ChildOf(Sampled(), SpanKind::kClient, "say \"hi\"");
    span.Set({"text", "va\nlue"});
    span.Set({"count", int64_t{9007199254740993}});
    span.Set({"share", 0.5});
    span.Set({"yes", true});
    span.Fail("UNAVAILABLE");
    span.Link({});
    span.Link(span.context());
    span.Link(Sampled());
  }
  Span::Of(TraceContext::Continue("", ""), SpanKind::kServer, "unsampled").End();
  const auto spans = kept.Take();
  const auto json = nlohmann::json::parse(OtlpJson({{"service.name", "content"}}, spans));
  const auto& resource = json["resourceSpans"][0];
  EXPECT_EQ(resource["resource"]["attributes"][0]["key"], "service.name");
  EXPECT_EQ(resource["resource"]["attributes"][0]["value"]["stringValue"], "content");
  ASSERT_EQ(resource["scopeSpans"][0]["spans"].size(), 1u);
  const auto& span = resource["scopeSpans"][0]["spans"][0];
  EXPECT_EQ(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span["parentSpanId"], "00f067aa0ba902b7");
  EXPECT_EQ(span["spanId"].get<std::string>().size(), 16u);
  EXPECT_EQ(span["traceState"], "v=1");
  EXPECT_EQ(span["name"], "say \"hi\"");
  EXPECT_EQ(span["kind"], 3);
  EXPECT_EQ(span["startTimeUnixNano"], std::to_string(absl::ToUnixNanos(spans[0]->start)));
  EXPECT_EQ(span["status"]["code"], 2);
  ASSERT_EQ(span["links"].size(), 1u);
  EXPECT_EQ(span["links"][0]["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span["links"][0]["spanId"], "00f067aa0ba902b7");
  EXPECT_EQ(span["attributes"][0]["value"]["stringValue"], "va\nlue");
  EXPECT_EQ(span["attributes"][1]["value"]["intValue"], "9007199254740993");
  EXPECT_EQ(span["attributes"][2]["value"]["doubleValue"], 0.5);
  EXPECT_EQ(span["attributes"][3]["value"]["boolValue"], true);
}

TEST(AccessLevelTest, IsHigherForWhatSomebodyWillLookFor) {
  const absl::Duration quick = absl::Milliseconds(3);
  EXPECT_EQ(AccessLevel(Ending::kFine, quick, {}), LogLevel::kDebug);
  EXPECT_EQ(AccessLevel(Ending::kFine, absl::Seconds(2), {}), LogLevel::kInfo);
  EXPECT_EQ(AccessLevel(Ending::kAway, quick, {}), LogLevel::kWarning);
  EXPECT_EQ(AccessLevel(Ending::kOurFault, quick, {}), LogLevel::kError);
  // A caller's flag alone raises nothing.
  EXPECT_EQ(AccessLevel(Ending::kFine, quick, Sampled()), LogLevel::kDebug);
  KeptSpans kept;
  EXPECT_EQ(AccessLevel(Ending::kFine, quick, Sampled()), LogLevel::kInfo);
}

}  // namespace
}  // namespace rostrum
