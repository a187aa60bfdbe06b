#include "services/common/trace/messaging.h"

#include "gmock/gmock.h"
#include "services/common/base/status.h"
#include "services/common/trace/store_outcome.h"
#include "tests/support/kept_spans.h"

namespace rostrum {
namespace {

using ::testing::UnorderedElementsAre;

std::vector<std::string> Attributes(const SpanData& span) {
  std::vector<std::string> texts;
  for (const LogField& field : span.attributes) {
    texts.push_back(field.key + "=" + std::get<std::string>(field.value));
  }
  return texts;
}

class SpanAttributesTest : public testing::Test {
 protected:
  Span Begin(SpanKind kind) {
    return Span::ChildOf(
        TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ""), kind,
        "x");
  }
  // The only one that has ended.
  std::unique_ptr<SpanData> Ended(Span span) {
    span.End();
    auto spans = kept_.Take();
    EXPECT_EQ(spans.size(), 1u);
    return std::move(spans.at(0));
  }
  KeptSpans kept_;
};

TEST_F(SpanAttributesTest, AProducersAreThoseOfMessaging) {
  Span span = Begin(SpanKind::kProducer);
  DescribePublish(span, kOutboxSystem, "rostrum.x.v1.Happened");
  EXPECT_THAT(Attributes(*Ended(std::move(span))),
              UnorderedElementsAre(
                  "messaging.system=outbox", "messaging.destination.name=rostrum.x.v1.Happened",
                  "messaging.operation.name=publish", "messaging.operation.type=publish"));
}

TEST_F(SpanAttributesTest, AConsumersNameTheOperationAsItsSystemDoes) {
  Span span = Begin(SpanKind::kConsumer);
  DescribeProcess(span, kMailSystem, "mail", "send");
  EXPECT_THAT(
      Attributes(*Ended(std::move(span))),
      UnorderedElementsAre("messaging.system=mail_queue", "messaging.destination.name=mail",
                           "messaging.operation.name=send", "messaging.operation.type=process"));
}

TEST_F(SpanAttributesTest, ASpanThatIsNotRecordedGetsNone) {
  Span none;
  DescribePublish(none, kOutboxSystem, "rostrum.x.v1.Happened");
  MarkOutcome(none, absl::UnavailableError("away"));
  EXPECT_FALSE(none.recorded());
}

TEST_F(SpanAttributesTest, AFailureHasItsTypeOnce) {
  Span span = Begin(SpanKind::kClient);
  span.Fail("ABORTED");
  span.Fail("UNAVAILABLE");
  EXPECT_THAT(Attributes(*Ended(std::move(span))), UnorderedElementsAre("error.type=UNAVAILABLE"));
}

TEST_F(SpanAttributesTest, AStoreFailsByItselfAndNotByARule) {
  Span away = Begin(SpanKind::kClient);
  MarkOutcome(away, absl::UnavailableError("the database is away"));
  EXPECT_THAT(Attributes(*Ended(std::move(away))), UnorderedElementsAre("error.type=UNAVAILABLE"));
  Span busy = Begin(SpanKind::kClient);
  MarkOutcome(busy, Error(absl::StatusCode::kResourceExhausted, "DATABASE_BUSY", "full"));
  EXPECT_TRUE(Ended(std::move(busy))->failed);
  Span conflict = Begin(SpanKind::kClient);
  MarkOutcome(conflict, Error(absl::StatusCode::kAborted, "CONFLICT", "kept conflicting"));
  EXPECT_TRUE(Ended(std::move(conflict))->failed);
  for (const absl::Status& fine : {absl::OkStatus(), absl::NotFoundError("no such comment"),
                                   Error(absl::StatusCode::kAborted, "ETAG_MISMATCH", "read again"),
                                   Error(absl::StatusCode::kResourceExhausted, "LIMIT", "slow")}) {
    Span span = Begin(SpanKind::kClient);
    MarkOutcome(span, fine);
    EXPECT_FALSE(Ended(std::move(span))->failed) << fine;
  }
}

}  // namespace
}  // namespace rostrum
