#include "gateway/proxy/event_tail.h"

#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/rpc/proto_time.h"
#include "tests/support/grpc_fixture.h"

namespace rostrum::gateway {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

// Sends what it is given in the first stream.
class StandInEvents final : public event::v1::EventService::Service {
 public:
  explicit StandInEvents(RpcRuntime& runtime)
      : rpc_(runtime, event::v1::EventService::service_full_name()) {}

  grpc::Status PullEvents(grpc::ServerContext* ctx, const event::v1::PullEventsRequest* request,
                          grpc::ServerWriter<event::v1::PullEventsResponse>* writer) override {
    return HandleRpc(rpc_, ctx, "PullEvents", [&](const RequestContext&) -> absl::Status {
      std::vector<event::v1::PullEventsResponse> to_send;
      absl::Duration before;
      {
        absl::MutexLock lock(&mu);
        ++opened;
        asked_for_watermarks = request->watermarks();
        to_send.swap(responses);
        before = delay;
      }
      absl::SleepFor(before);
      for (const event::v1::PullEventsResponse& response : to_send) writer->Write(response);
      while (!ctx->IsCancelled()) absl::SleepFor(absl::Milliseconds(10));
      return absl::OkStatus();
    });
  }

  absl::Mutex mu;
  absl::Duration delay ABSL_GUARDED_BY(mu);  // of the first response
  std::vector<event::v1::PullEventsResponse> responses ABSL_GUARDED_BY(mu);
  int opened ABSL_GUARDED_BY(mu) = 0;
  bool asked_for_watermarks ABSL_GUARDED_BY(mu) = false;

 private:
  RpcMethods rpc_;
};

class EventTailTest : public GrpcFixture {
 protected:
  EventTailTest() : GrpcFixture("content") { Serve({&events_}); }

  // What was known, in the order in which it was told, by the time when so many streams
  // had been opened.
  std::vector<absl::Time> Follow(std::vector<event::v1::PullEventsResponse> responses,
                                 absl::Duration delay = absl::ZeroDuration(), int streams = 1,
                                 absl::Duration prompt = absl::InfiniteDuration()) {
    const size_t count = responses.size();
    absl::Mutex& mu = events_.mu;
    std::vector<absl::Time> known;
    {
      absl::MutexLock lock(&mu);
      events_.responses = std::move(responses);
      events_.delay = delay;
      events_.opened = 0;
    }
    const EventSource source("content", channel(), signer("gateway"), caller_metrics_);
    EventTail tail(source, {.on_event = [](const event::v1::Event&) {},
                            .known_until =
                                [&](absl::Time time) {
                                  absl::MutexLock lock(&mu);
                                  known.push_back(time);
                                },
                            .missed = [] {},
                            .prompt = prompt});
    absl::MutexLock lock(&mu);
    const auto all = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
      return known.size() == count && events_.opened >= streams;
    };
    EXPECT_TRUE(mu.AwaitWithTimeout(absl::Condition(&all), absl::Seconds(20)));
    return known;
  }
  static event::v1::PullEventsResponse Watermark(absl::Time time) {
    event::v1::PullEventsResponse response;
    *response.mutable_watermark() = ToProtoTime(time);
    return response;
  }
  static event::v1::PullEventsResponse HeldBack() {
    event::v1::PullEventsResponse response;
    response.set_held_back(true);
    return response;
  }

  StandInEvents events_{runtime()};
  Metrics caller_metrics_;
};

TEST_F(EventTailTest, WatermarksAreReadByThisClockHoweverTheOtherGoes) {
  for (const absl::Duration ahead : {absl::ZeroDuration(), absl::Hours(1), -absl::Hours(1)}) {
    const absl::Time before = absl::Now();
    const absl::Time first = before + ahead;
    const auto known = Follow({Watermark(first), Watermark(first + absl::Microseconds(1))});
    ASSERT_EQ(known.size(), 2u);
    EXPECT_THAT(known[0], AllOf(Ge(before), Le(absl::Now())));
    EXPECT_EQ(known[1], known[0] + absl::Microseconds(1));
  }
  absl::MutexLock lock(&events_.mu);
  EXPECT_TRUE(events_.asked_for_watermarks);
}

TEST_F(EventTailTest, AWatermarkThatWasUnderWayForLongIsNotCalledLater) {
  constexpr absl::Duration kDelay = absl::Seconds(1);
  const auto known = Follow({Watermark(absl::Now())}, kDelay);
  ASSERT_EQ(known.size(), 1u);
  EXPECT_LE(known[0], absl::Now() - kDelay);
}

TEST_F(EventTailTest, AStreamThatBeganSlowlyIsOpenedAgain) {
  Follow({Watermark(absl::Now())}, absl::Milliseconds(200), /*streams=*/2, absl::Milliseconds(100));
}

TEST_F(EventTailTest, NothingIsKnownBeyondNow) {
  const absl::Time before = absl::Now();
  const auto known = Follow({Watermark(before), Watermark(before + absl::Hours(1))});
  ASSERT_EQ(known.size(), 2u);
  EXPECT_LE(known[1], absl::Now());
}

TEST_F(EventTailTest, WhatIsHeldBackMakesAllUnknown) {
  const auto known = Follow({Watermark(absl::Now()), HeldBack()});
  ASSERT_EQ(known.size(), 2u);
  EXPECT_EQ(known[1], absl::InfinitePast());
}

}  // namespace
}  // namespace rostrum::gateway
