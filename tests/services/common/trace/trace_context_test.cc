#include "services/common/trace/trace_context.h"

#include "gmock/gmock.h"

namespace rostrum {
namespace {

constexpr char kTraceId[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kParentId[] = "00f067aa0ba902b7";
constexpr char kTraceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, ContinuesATrace) {
  const TraceContext trace = TraceContext::Continue(kTraceparent, "vendor=1");
  EXPECT_EQ(trace.trace_id, kTraceId);
  EXPECT_EQ(trace.parent_id, kParentId);
  EXPECT_NE(trace.span_id, kParentId);
  EXPECT_TRUE(trace.sampled);
  EXPECT_EQ(trace.tracestate, "vendor=1");
  EXPECT_EQ(trace.Traceparent(), std::string("00-") + kTraceId + "-" + trace.span_id + "-01");
}

TEST(TraceContextTest, TakesTheKnownPartsOfALaterVersion) {
  EXPECT_EQ(TraceContext::Continue(std::string("cc") + (kTraceparent + 2) + "-more", "").trace_id,
            kTraceId);
}

TEST(TraceContextTest, BeginsATraceWhereNoneIsGivenOrItIsMalformed) {
  const std::string good = kTraceparent;
  for (const std::string& bad :
       {std::string(), std::string("00"), "ff" + good.substr(2), good + "-more", good.substr(0, 54),
        std::string(10000, '0'),
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
        std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")}) {
    const TraceContext trace = TraceContext::Continue(bad, "vendor=1");
    EXPECT_EQ(trace.trace_id.size(), 32u) << bad;
    EXPECT_NE(trace.trace_id, kTraceId) << bad;
    EXPECT_EQ(trace.parent_id, "");
    EXPECT_EQ(trace.tracestate, "");
    EXPECT_FALSE(trace.sampled);
  }
}

TEST(TraceContextTest, ParsesWhatStandsThere) {
  const TraceContext trace = TraceContext::Parse(kTraceparent, "vendor=1");
  EXPECT_EQ(trace.trace_id, kTraceId);
  EXPECT_EQ(trace.span_id, kParentId);
  EXPECT_EQ(trace.Traceparent(), kTraceparent);
  EXPECT_EQ(TraceContext::Parse("none", "vendor=1").trace_id, "");
  EXPECT_EQ(TraceContext::Parse("none", "vendor=1").tracestate, "");
}

TEST(ScopedTraceTest, IsOfThisThreadAndScope) {
  EXPECT_EQ(TraceContext::Current().trace_id, "");
  const TraceContext outer = TraceContext::Continue(kTraceparent, "");
  const ScopedTrace bound(outer);
  {
    const TraceContext inner = TraceContext::Unsampled();
    const ScopedTrace inner_bound(inner);
    EXPECT_EQ(TraceContext::Current().trace_id, inner.trace_id);
  }
  EXPECT_EQ(TraceContext::Current().trace_id, kTraceId);
}

}  // namespace
}  // namespace rostrum
