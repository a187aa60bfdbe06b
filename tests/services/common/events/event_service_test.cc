#include "services/common/events/event_service.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/event_position.h"
#include "services/common/rpc/proto_time.h"
#include "tests/services/common/events/producer.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

TEST(OutboxSignalTest, WakesWhoWaits) {
  OutboxSignal signal;
  const int64_t seen = signal.Wait(-1, absl::ZeroDuration());
  std::thread notifier([&] { signal.Notify(); });
  // Would not end in the time of a test by itself.
  EXPECT_NE(signal.Wait(seen, absl::Hours(1)), seen);
  notifier.join();
}

TEST(OutboxSignalTest, DoesNotMissWhatCameBefore) {
  OutboxSignal signal;
  const int64_t seen = signal.Wait(-1, absl::ZeroDuration());
  signal.Notify();
  EXPECT_NE(signal.Wait(seen, absl::Hours(1)), seen);
}

TEST(OutboxSignalTest, GivesUpInTime) {
  OutboxSignal signal;
  const int64_t seen = signal.Wait(-1, absl::ZeroDuration());
  EXPECT_EQ(signal.Wait(seen, absl::Milliseconds(1)), seen);
}

class EventServiceTest : public GrpcFixture {
 protected:
  EventServiceTest() : GrpcFixture("account") {
    Serve({&service_});
    stub_ = event::v1::EventService::NewStub(channel());
  }
  ~EventServiceTest() override { service_.Stop(); }
  void TearDown() override {
    service_.Stop();
    Stop();
  }
  // A stream as the comment service asks for it; no deadline.
  std::unique_ptr<grpc::ClientReader<event::v1::PullEventsResponse>> Pull(
      grpc::ClientContext& ctx, const event::v1::PullEventsRequest& request = {}) {
    ctx.AddMetadata(kIdentityKey, signer("comment").SignSelf("account"));
    return stub_->PullEvents(&ctx, request);
  }

  static event::v1::PullEventsRequest WithWatermarks() {
    event::v1::PullEventsRequest request;
    request.set_watermarks(true);
    return request;
  }
  // Reads up to the event that was written then, of which no watermark may speak before.
  static void ReadUntilTold(grpc::ClientReader<event::v1::PullEventsResponse>& reader,
                            absl::Time written) {
    event::v1::PullEventsResponse batch;
    while (batch.events_size() == 0) {
      if (!reader.Read(&batch)) {
        ADD_FAILURE() << "the stream ended";
        break;
      }
      EXPECT_LE(FromProtoTime(batch.watermark()), written);
      EXPECT_FALSE(batch.held_back() && batch.has_watermark());
    }
    EXPECT_FALSE(batch.has_watermark());
  }

  TestDatabase database_{ProducerSchema()};
  OutboxSignal signal_;
  EventService service_{database_.pool, signal_, runtime()};
  std::unique_ptr<event::v1::EventService::Stub> stub_;
};

TEST_F(EventServiceTest, TellsWhatExistsAndWhatComes) {
  WriteName(database_.pool, "a");
  grpc::ClientContext ctx;
  const auto reader = Pull(ctx);
  event::v1::PullEventsResponse batch;
  ASSERT_TRUE(reader->Read(&batch));
  EXPECT_EQ(NameIn(batch.events(0)), "a");
  WriteName(database_.pool, "b");  // nobody signals: the poll finds it
  ASSERT_TRUE(reader->Read(&batch));
  EXPECT_EQ(NameIn(batch.events(0)), "b");
  ctx.TryCancel();
}

TEST_F(EventServiceTest, GoesOnAfterAPosition) {
  WriteName(database_.pool, "a");
  event::v1::PullEventsRequest request;
  event::v1::PullEventsResponse batch;
  {
    grpc::ClientContext ctx;
    const auto reader = Pull(ctx);
    ASSERT_TRUE(reader->Read(&batch));
    *request.mutable_after() = batch.position();
    ctx.TryCancel();
  }
  WriteName(database_.pool, "b");
  grpc::ClientContext ctx;
  const auto reader = Pull(ctx, request);
  ASSERT_TRUE(reader->Read(&batch));
  ASSERT_EQ(batch.events_size(), 1);
  EXPECT_EQ(NameIn(batch.events(0)), "b");
  ctx.TryCancel();
}

// A consumer that is stopped, with more to come than is sent to one that reads nothing.
TEST_F(EventServiceTest, EndsAStreamThatNobodyReads) {
  for (int i = 0; i < 30; ++i) WriteName(database_.pool, std::string(100'000, 'x'));
  grpc::ClientContext ctx;
  const auto reader = Pull(ctx);
  reader->WaitForInitialMetadata();
  service_.Stop();
  const auto ended = [this] {
    return absl::StrContains(
        metrics().Expose(),
        "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"PullEvents\","
        "grpc_service=\"rostrum.event.v1.EventService\","
        "grpc_type=\"server_stream\"} 1");
  };
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (!ended() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_TRUE(ended());
  ctx.TryCancel();
}

TEST_F(EventServiceTest, WakesByTheSignal) {
  grpc::ClientContext ctx;
  const auto reader = Pull(ctx);
  event::v1::PullEventsResponse batch;
  // Without the signal each of these would wait for the whole poll of 200 ms,
  // which begins when the one before has been told.
  absl::Duration fastest = absl::InfiniteDuration();
  for (int i = 0; i < 30; ++i) {
    WriteName(database_.pool, std::to_string(i));
    const absl::Time written = absl::Now();
    signal_.Notify();
    ASSERT_TRUE(reader->Read(&batch));
    fastest = std::min(fastest, absl::Now() - written);
    // Lets the stream find nothing and begin to wait.
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_LT(fastest, absl::Milliseconds(100));
  ctx.TryCancel();
}

TEST_F(EventServiceTest, AWatermarkSaysUntilWhenAllWasTold) {
  grpc::ClientContext ctx;
  const auto reader = Pull(ctx, WithWatermarks());
  event::v1::PullEventsResponse batch;
  absl::Time before = absl::InfinitePast();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(reader->Read(&batch));
    ASSERT_TRUE(batch.has_watermark());
    EXPECT_EQ(batch.events_size(), 0);
    EXPECT_GT(FromProtoTime(batch.watermark()), before);
    before = FromProtoTime(batch.watermark());
  }
  EXPECT_LE(before, absl::Now());
  WriteName(database_.pool, "a");
  ReadUntilTold(*reader, absl::Now());
  ASSERT_TRUE(reader->Read(&batch));
  EXPECT_TRUE(batch.has_watermark());
  ctx.TryCancel();
}

TEST_F(EventServiceTest, AnEventThatIsHeldBackKeepsWatermarksBack) {
  grpc::ClientContext ctx;
  const auto reader = Pull(ctx, WithWatermarks());
  event::v1::PullEventsResponse batch;
  absl::Time written, ended;
  ASSERT_THAT(RunTx(database_.pool,
                    [&](Transaction& tx) {
                      tx.exec("SELECT pg_current_xact_id()");
                      WriteName(database_.pool, "a");
                      written = absl::Now();
                      while (!batch.held_back()) {
                        if (!reader->Read(&batch)) return absl::InternalError("the stream ended");
                        EXPECT_EQ(batch.events_size(), 0);
                      }
                      ended = absl::Now();
                      return absl::OkStatus();
                    }),
              IsOk());
  ReadUntilTold(*reader, written);
  ASSERT_TRUE(reader->Read(&batch));
  EXPECT_GE(FromProtoTime(batch.watermark()), ended);
  ctx.TryCancel();
}

TEST_F(EventServiceTest, StopEndsStreams) {
  WriteName(database_.pool, "a");
  grpc::ClientContext ctx;
  const auto reader = Pull(ctx);
  event::v1::PullEventsResponse batch;
  ASSERT_TRUE(reader->Read(&batch));
  service_.Stop();
  EXPECT_FALSE(reader->Read(&batch));
  EXPECT_THAT(reader->Finish(), IsOk());
}

TEST_F(EventServiceTest, TellsOfAnotherEpoch) {
  event::v1::PullEventsRequest request;
  request.mutable_after()->set_epoch(kNoEpoch);
  grpc::ClientContext ctx;
  const auto reader = Pull(ctx, request);
  event::v1::PullEventsResponse batch;
  EXPECT_FALSE(reader->Read(&batch));
  const grpc::Status status = reader->Finish();
  EXPECT_THAT(status, HasReason("EPOCH_CHANGED"));
  EXPECT_TRUE(ResumePointsIn(FromGrpcStatus(status)).has_value());
}

TEST_F(EventServiceTest, ServesServicesOnly) {
  event::v1::PullEventsResponse batch;
  {
    grpc::ClientContext ctx;
    AsAnonymous(ctx);
    EXPECT_THAT(stub_->PullEvents(&ctx, {})->Finish(), HasReason("SERVICE_ONLY"));
  }
  grpc::ClientContext ctx;
  AsAccount(ctx, AccountId("00000000-0000-7000-8000-00000000000a"), {"admin"});
  EXPECT_THAT(stub_->PullEvents(&ctx, {})->Finish(), HasReason("SERVICE_ONLY"));
}

TEST_F(EventServiceTest, LimitsTheTypesAskedFor) {
  event::v1::PullEventsRequest request;
  for (int i = 0; i < 101; ++i) request.add_types("x");
  grpc::ClientContext ctx;
  EXPECT_THAT(Pull(ctx, request)->Finish(), HasViolation("types"));
}

}  // namespace
}  // namespace rostrum
