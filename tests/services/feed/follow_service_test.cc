#include "services/feed/follow_service.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "services/feed/feed_proto.h"
#include "tests/services/feed/fake_clients.h"
#include "tests/services/feed/fake_follow_store.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::feed {
namespace {

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");

class FollowServiceTest : public GrpcFixture {
 protected:
  FollowServiceTest() : GrpcFixture("feed") {
    Serve({&service_});
    stub_ = pb::FollowService::NewStub(channel());
  }

  absl::StatusOr<pb::Follow> Create(const std::string& id, bool signed_in = true,
                                    pb::FollowKind kind = pb::FOLLOW_KIND_CHANNEL) {
    grpc::ClientContext ctx;
    if (signed_in) {
      AsAccount(ctx, kAnna);
    } else {
      AsAnonymous(ctx);
    }
    pb::CreateFollowRequest request;
    request.set_kind(kind);
    request.set_target_id(id);
    pb::Follow response;
    const absl::Status status = FromGrpcStatus(stub_->CreateFollow(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<pb::ListFollowsResponse> List(const pb::ListFollowsRequest& request) {
    grpc::ClientContext ctx;
    AsAccount(ctx, kAnna);
    pb::ListFollowsResponse response;
    const absl::Status status = FromGrpcStatus(stub_->ListFollows(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  FakeFollowStore store_;
  FakeContentClient content_;
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  FollowService service_{store_, content_, page_tokens_, clock(), runtime()};
  std::unique_ptr<pb::FollowService::Stub> stub_;
};

TEST_F(FollowServiceTest, FollowsWhatThereIs) {
  const auto follow = Create(kChannel);
  ASSERT_THAT(follow, IsOk());
  EXPECT_EQ(follow->display_name(), "The Channel");
  EXPECT_EQ(List({})->follows_size(), 1);
}

TEST_F(FollowServiceTest, SaysWhetherSomethingIsFollowed) {
  pb::GetFollowRequest request;
  request.set_kind(pb::FOLLOW_KIND_CHANNEL);
  request.set_target_id(kChannel);
  const auto get = [&] {
    grpc::ClientContext ctx;
    AsAccount(ctx, kAnna);
    pb::Follow follow;
    return FromGrpcStatus(stub_->GetFollow(&ctx, request, &follow));
  };
  EXPECT_THAT(get(), HasReason("FOLLOW_NOT_FOUND"));
  ASSERT_THAT(Create(kChannel), IsOk());
  EXPECT_THAT(get(), IsOk());
  request.set_target_id("x");
  EXPECT_THAT(get(), HasViolation("target_id"));
}

TEST_F(FollowServiceTest, NeedsAnAccount) {
  EXPECT_THAT(Create(kChannel, /*signed_in=*/false).status(), HasReason("LOGIN_REQUIRED"));
}

TEST_F(FollowServiceTest, RefusesWhatIsNotThere) {
  EXPECT_THAT(Create("00000000-0000-7000-8000-00000000dead").status(),
              HasReason("TARGET_NOT_FOUND"));
  EXPECT_THAT(Create("x").status(), HasViolation("target_id"));
  EXPECT_THAT(Create(kChannel, true, pb::FOLLOW_KIND_UNSPECIFIED).status(), HasViolation("kind"));
  EXPECT_THAT(Create(kChannel, true, static_cast<pb::FollowKind>(77)).status(),
              HasViolation("kind"));
}

TEST_F(FollowServiceTest, SaysSoWhenContentIsAway) {
  content_.down = true;
  EXPECT_THAT(Create(kChannel).status(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(FollowServiceTest, APageTokenIsForItsListOnly) {
  ASSERT_THAT(Create(kChannel), IsOk());
  ASSERT_THAT(Create(kChannel, true, pb::FOLLOW_KIND_AUTHOR), IsOk());
  pb::ListFollowsRequest request;
  request.set_page_size(1);
  request.set_page_token(List(request)->next_page_token());
  ASSERT_THAT(request.page_token(), testing::Not(testing::IsEmpty()));
  EXPECT_EQ(List(request)->follows_size(), 1);
  EXPECT_EQ(List(request)->next_page_token(), "");
  request.set_kind(pb::FOLLOW_KIND_AUTHOR);
  EXPECT_THAT(List(request).status(), HasViolation("page_token"));
}

}  // namespace
}  // namespace rostrum::feed
