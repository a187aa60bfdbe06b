#include "services/comment/feed_client.h"

#include <atomic>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "services/common/rpc/call_deadline.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::comment {
namespace {

using ::testing::AllOf;

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const ChannelId kRoom("00000000-0000-7000-8000-0000000000c1");

// Answers as it is told to, and keeps what it was asked last.
class FakeRoomService final : public feed::v1::RoomService::Service {
 public:
  explicit FakeRoomService(RpcRuntime& runtime)
      : rpc_(runtime, feed::v1::RoomService::service_full_name()) {}

  grpc::Status CheckRoomAccess(grpc::ServerContext* ctx,
                               const feed::v1::CheckRoomAccessRequest* request,
                               feed::v1::CheckRoomAccessResponse* response) override {
    return HandleRpc(rpc_, ctx, "CheckRoomAccess", [&](const RequestContext& rc) -> absl::Status {
      ++asked;
      asked_for = *request;
      asked_by = rc.caller.Key();
      const grpc::string_ref sent = ctx->client_metadata().find(kDeadlineKey)->second;
      asked_until = absl::FromUnixMillis(std::stoll(std::string(sent.data(), sent.size())));
      response->set_access(access);
      return error;
    });
  }

  feed::v1::RoomAccess access = feed::v1::ROOM_ACCESS_GRANTED;
  absl::Status error;

  std::atomic<int> asked = 0;
  feed::v1::CheckRoomAccessRequest asked_for;
  std::string asked_by;
  absl::Time asked_until;

 private:
  RpcMethods rpc_;
};

class FeedClientTest : public GrpcFixture {
 protected:
  FeedClientTest() : GrpcFixture("feed") { Serve({&rooms_}); }

  void SetUp() override { client_ = Client("comment"); }
  // Feed's client of a service.
  std::unique_ptr<GrpcFeedClient> Client(const std::string& service) {
    return std::make_unique<GrpcFeedClient>(channel(), signer(service), metrics());
  }
  absl::Status Check(const RequestContext& context = {}) {
    return client_->CheckInRoom(kRoom, context);
  }

  FakeRoomService rooms_{runtime()};
  std::unique_ptr<GrpcFeedClient> client_;
};

TEST_F(FeedClientTest, AsksAboutTheCallerOfTheRequest) {
  RequestContext context;
  context.caller.kind = Caller::Kind::kAccount;
  context.caller.account_id = kAnna;
  context.caller.roles = {"author", "editor"};
  EXPECT_THAT(Check(context), IsOk());
  feed::v1::CheckRoomAccessRequest expected;
  expected.set_channel_id(kRoom.value());
  expected.set_account_id(kAnna.value());
  expected.add_roles("author");
  expected.add_roles("editor");
  EXPECT_THAT(rooms_.asked_for, EqualsProto(expected));
  EXPECT_EQ(rooms_.asked_by, "service:comment");
}

TEST_F(FeedClientTest, AsksAboutVisitorsToo) {
  rooms_.access = feed::v1::ROOM_ACCESS_NOT_JOINED;
  EXPECT_THAT(Check(), HasReason("ROOM_NOT_JOINED"));
  feed::v1::CheckRoomAccessRequest expected;
  expected.set_channel_id(kRoom.value());
  EXPECT_THAT(rooms_.asked_for, EqualsProto(expected));
}

TEST_F(FeedClientTest, SaysWhyNot) {
  const auto refused = [](const char* reason) {
    return AllOf(StatusIs(absl::StatusCode::kPermissionDenied), HasReason(reason));
  };
  rooms_.access = feed::v1::ROOM_ACCESS_NOT_JOINED;
  EXPECT_THAT(Check(), refused("ROOM_NOT_JOINED"));
  rooms_.access = feed::v1::ROOM_ACCESS_MEMBERS_ONLY;
  EXPECT_THAT(Check(), refused("MEMBERS_ONLY"));
}

TEST_F(FeedClientTest, NoAnswerOpensARoom) {
  for (const int access : {static_cast<int>(feed::v1::ROOM_ACCESS_UNSPECIFIED), 77}) {
    rooms_.access = static_cast<feed::v1::RoomAccess>(access);
    EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kPermissionDenied));
  }
}

TEST_F(FeedClientTest, KeepsNoAnswer) {
  EXPECT_THAT(Check(), IsOk());
  rooms_.access = feed::v1::ROOM_ACCESS_MEMBERS_ONLY;
  EXPECT_THAT(Check(), HasReason("MEMBERS_ONLY"));
  rooms_.access = feed::v1::ROOM_ACCESS_GRANTED;
  EXPECT_THAT(Check(), IsOk());
  EXPECT_EQ(rooms_.asked, 3);
}

TEST_F(FeedClientTest, PassesOnWhatFeedSays) {
  rooms_.error = InvalidField("channel_id", "INVALID_ID", "must be a UUID");
  EXPECT_THAT(Check(), HasViolation("channel_id"));
  rooms_.error = Unavailable("subscription is away");
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(FeedClientTest, SaysSoWhenFeedIsAway) {
  Stop();
  EXPECT_THAT(Check(),
              AllOf(StatusIs(absl::StatusCode::kUnavailable), HasReason("SERVICE_UNAVAILABLE")));
}

TEST_F(FeedClientTest, SaysSoWhenFeedIsTooSlow) {
  rooms_.error = OutOfTime("no time is left");
  EXPECT_THAT(Check(),
              AllOf(StatusIs(absl::StatusCode::kUnavailable), HasReason("SERVICE_UNAVAILABLE")));
}

// Feed refuses whoever is not named in the caller table. That is no refusal of the reader.
TEST_F(FeedClientTest, ARefusalOfTheServiceIsAnErrorOfOurs) {
  client_ = Client("content");
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(rooms_.asked, 0);
}

TEST_F(FeedClientTest, AFirstTryHasTwoThirdsOfTwoAndAHalfSeconds) {
  const absl::Duration kTry = absl::Milliseconds(2500) * 2 / 3;
  const absl::Time before = absl::Now();
  EXPECT_THAT(Check(), IsOk());
  EXPECT_GE(rooms_.asked_until, before + kTry - absl::Milliseconds(1));
  EXPECT_LE(rooms_.asked_until, absl::Now() + kTry);
}

TEST_F(FeedClientTest, AsksNothingWhenTheTimeOfTheRequestIsOver) {
  RequestContext over;
  over.deadline = absl::Now();
  const ScopedRequestContext bound(over);
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(rooms_.asked, 0);
}

}  // namespace
}  // namespace rostrum::comment
