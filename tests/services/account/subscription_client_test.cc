#include "services/account/subscription_client.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/visitor_proto.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

namespace pb = subscription::v1;

// Subscription over the wire, behind its own table of callers. Keeps what it
// was asked and answers as told.
class TrialServer final : public pb::TrialService::Service {
 public:
  explicit TrialServer(RpcRuntime& runtime)
      : rpc_(runtime, pb::TrialService::service_full_name()) {}

  grpc::Status AcceptOffer(grpc::ServerContext* ctx, const pb::AcceptOfferRequest* request,
                           pb::Offer*) override {
    return HandleRpc(rpc_, ctx, "AcceptOffer", [&](const RequestContext&) -> absl::Status {
      accepted = *request;
      return answer;
    });
  }
  grpc::Status StartTrial(grpc::ServerContext* ctx, const pb::StartTrialRequest* request,
                          pb::Trial* response) override {
    return HandleRpc(rpc_, ctx, "StartTrial", [&](const RequestContext&) -> absl::Status {
      started = *request;
      response->set_account_id(request->account_id());
      response->set_active(true);
      return answer;
    });
  }

  pb::AcceptOfferRequest accepted;
  pb::StartTrialRequest started;
  absl::Status answer;

 private:
  RpcMethods rpc_;
};

class SubscriptionClientTest : public ::testing::Test {
 protected:
  ~SubscriptionClientTest() override { server_.Stop(); }  // the handlers outlive it

  std::shared_ptr<grpc::Channel> Served() {
    server_.Serve({&trials_});
    return server_.channel();
  }

  GrpcTestServer server_{"subscription"};
  TrialServer trials_{server_.runtime()};
  GrpcSubscriptionClient client_{Served(), server_.signer("account"), server_.metrics()};
  const AccountId account_{NewUuid(server_.clock().Now())};
};

TEST_F(SubscriptionClientTest, PassesTheVisitorOn) {
  const VisitorPass visitor = GrpcTestServer::NewVisitor(/*fresh=*/true);
  ASSERT_THAT(client_.AcceptOffer(visitor), IsOk());
  const auto told = VisitorFromProto(trials_.accepted.visitor(), "visitor");
  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->id, visitor.id);
  EXPECT_EQ(told->secret, visitor.secret);
  EXPECT_TRUE(told->fresh);
}

TEST_F(SubscriptionClientTest, WhoHasNoPassHasNoOffer) {
  const absl::Status refused = client_.AcceptOffer(VisitorPass());
  EXPECT_EQ(ReasonOf(refused), "OFFER_NOT_STARTED");
  EXPECT_FALSE(trials_.accepted.has_visitor());
}

TEST_F(SubscriptionClientTest, RefusalsComeBackAsTheyAre) {
  trials_.answer = Error(absl::StatusCode::kFailedPrecondition, "OFFER_EXPIRED", "too late",
                         {{"next_offer_time", "2026-01-01T00:00:00Z"}});
  const absl::Status refused = client_.AcceptOffer(GrpcTestServer::NewVisitor());
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), "OFFER_EXPIRED");
  EXPECT_EQ(DetailsOf(refused).metadata.at("next_offer_time"), "2026-01-01T00:00:00Z");
}

TEST_F(SubscriptionClientTest, StartsATrialForAPerson) {
  const std::string person_key("\0person\xff", 8);
  const auto trial = client_.StartTrial(account_, person_key);
  ASSERT_THAT(trial, IsOk());
  EXPECT_TRUE(trial->active());
  EXPECT_EQ(trials_.started.account_id(), account_.value());
  EXPECT_EQ(trials_.started.person_key(), person_key);
}

TEST_F(SubscriptionClientTest, NobodyThereIsUnavailable) {
  server_.Stop();
  EXPECT_EQ(client_.StartTrial(account_, "person").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace rostrum::account
