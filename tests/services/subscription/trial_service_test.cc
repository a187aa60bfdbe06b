#include "services/subscription/trial_service.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/proto_time.h"
#include "services/common/rpc/visitor_proto.h"
#include "tests/services/subscription/fakes.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/redis_server.h"

namespace rostrum::subscription {
namespace {

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
constexpr absl::Duration kFortnight = absl::Hours(24 * 14);

// The clock stands near Redis's own, which drops the countdown.
class TrialServiceTest : public GrpcFixture {
 protected:
  TrialServiceTest() : GrpcFixture("subscription") {
    fake_clock().Set(absl::FromUnixMillis(absl::ToUnixMillis(absl::Now())));
    service_ = std::make_unique<TrialService>(trials_, offers_, countdown_, OfferSettings(),
                                              kFortnight, clock(), runtime());
    Serve({service_.get()});
    stub_ = v1::TrialService::NewStub(channel());
  }

  absl::StatusOr<v1::Offer> Accept(const VisitorPass& pass) {
    grpc::ClientContext ctx;
    AsService(ctx, "account");
    v1::AcceptOfferRequest request;
    *request.mutable_visitor() = ToProto(pass);
    v1::Offer offer;
    const grpc::Status status = stub_->AcceptOffer(&ctx, request, &offer);
    if (!status.ok()) return FromGrpcStatus(status);
    return offer;
  }
  absl::StatusOr<v1::Trial> StartTrial(const std::string& person_key = std::string(32, 'p')) {
    grpc::ClientContext ctx;
    AsService(ctx, "account");
    v1::StartTrialRequest request;
    request.set_account_id(kAnna.value());
    request.set_person_key(person_key);
    v1::Trial trial;
    const grpc::Status status = stub_->StartTrial(&ctx, request, &trial);
    if (!status.ok()) return FromGrpcStatus(status);
    return trial;
  }
  absl::StatusOr<v1::Trial> GetTrial() {
    grpc::ClientContext ctx;
    AsAccount(ctx, kAnna);
    v1::Trial trial;
    const grpc::Status status = stub_->GetTrial(&ctx, v1::GetTrialRequest(), &trial);
    if (!status.ok()) return FromGrpcStatus(status);
    return trial;
  }

  TestRedis redis_;
  FakeTrialStore trials_{kFortnight};
  FakeOfferBook offers_{OfferSettings()};
  TrialCountdown countdown_{redis_.redis};
  std::unique_ptr<TrialService> service_;
  std::unique_ptr<v1::TrialService::Stub> stub_;
};

TEST_F(TrialServiceTest, AnOfferIsAcceptedUntilItExpires) {
  const VisitorPass pass = NewVisitor();
  EXPECT_THAT(Accept(pass).status(), HasReason("OFFER_NOT_STARTED"));
  ASSERT_THAT(offers_.FindOrStart(pass, "", clock().Now()), IsOk());
  fake_clock().Advance(absl::Hours(24) - absl::Seconds(1));
  EXPECT_THAT(Accept(pass), IsOk());
  fake_clock().Advance(absl::Seconds(1));
  const absl::Status refused = Accept(pass).status();
  EXPECT_THAT(refused, HasReason("OFFER_EXPIRED"));
  EXPECT_TRUE(DetailsOf(refused).metadata.contains("expire_time"));
  EXPECT_TRUE(DetailsOf(refused).metadata.contains("next_offer_time"));
}

TEST_F(TrialServiceTest, NobodyIsTurnedAwayWhileRedisIsAway) {
  offers_.away = true;
  EXPECT_EQ(Accept(NewVisitor())->state(), v1::OFFER_STATE_OPEN);
}

TEST_F(TrialServiceTest, CountsDown) {
  EXPECT_THAT(GetTrial().status(), HasReason("NO_TRIAL"));
  ASSERT_THAT(StartTrial(), IsOk());
  fake_clock().Advance(absl::Hours(1));
  const auto trial = GetTrial();
  EXPECT_TRUE(trial->active());
  EXPECT_EQ(trial->remaining_seconds(), absl::ToInt64Seconds(kFortnight - absl::Hours(1)));
  EXPECT_EQ(FromProtoTime(trial->server_time()), clock().Now());
  fake_clock().Advance(kFortnight);
  EXPECT_FALSE(GetTrial()->active());
  EXPECT_EQ(GetTrial()->remaining_seconds(), 0);
}

TEST_F(TrialServiceTest, TheAnswerIsTheSameWithTheKeyGone) {
  ASSERT_THAT(StartTrial(), IsOk());
  const auto ticking = GetTrial();
  ASSERT_EQ(redis_.redis.Command({"DEL", "trial:{" + kAnna.value() + "}"})->integer, 1);
  EXPECT_EQ(GetTrial()->SerializeAsString(), ticking->SerializeAsString());
  redis_.server.Stop();
  EXPECT_EQ(GetTrial()->SerializeAsString(), ticking->SerializeAsString());
}

TEST_F(TrialServiceTest, TheClockTicksWhileTheDatabaseIsAway) {
  ASSERT_THAT(StartTrial(), IsOk());
  trials_.away = true;
  EXPECT_TRUE(GetTrial()->active());
}

TEST_F(TrialServiceTest, StartingAgainReturnsWhatStands) {
  const auto first = StartTrial();
  fake_clock().Advance(absl::Hours(5));
  const auto again = StartTrial();
  EXPECT_EQ(FromProtoTime(again->end_time()), FromProtoTime(first->end_time()));
  EXPECT_THAT(StartTrial("short").status(), HasViolation("person_key"));
}

}  // namespace
}  // namespace rostrum::subscription
