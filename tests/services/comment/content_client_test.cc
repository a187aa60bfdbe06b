#include "services/comment/content_client.h"

#include <atomic>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::comment {
namespace {

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const PostId kPost("00000000-0000-7000-8000-000000000001");
const PostId kOther("00000000-0000-7000-8000-000000000002");

class FakePostService final : public content::v1::PostService::Service {
 public:
  explicit FakePostService(RpcRuntime& runtime)
      : rpc_(runtime, content::v1::PostService::service_full_name()) {}

  grpc::Status CheckPostAccess(grpc::ServerContext* ctx,
                               const content::v1::CheckPostAccessRequest* request,
                               content::v1::CheckPostAccessResponse* response) override {
    return HandleRpc(rpc_, ctx, "CheckPostAccess", [&](const RequestContext& rc) -> absl::Status {
      ++asked;
      asked_for = *request;
      asked_by = rc.caller.Key();
      response->set_granted(granted.load());
      if (shared_for > absl::ZeroDuration()) {
        *response->mutable_shared_for() = ToProtoDuration(shared_for);
      }
      return error;
    });
  }

  absl::Status error;
  std::atomic<int> asked = 0;
  content::v1::CheckPostAccessRequest asked_for;
  std::string asked_by;
  std::atomic<bool> granted = true;
  absl::Duration shared_for;

 private:
  RpcMethods rpc_;
};

class ContentClientTest : public GrpcFixture {
 protected:
  ContentClientTest() : GrpcFixture("content") { Serve({&posts_}); }

  absl::Status Check(const PostId& post_id = kPost, const RequestContext& context = {}) {
    return client_->CheckReadable(post_id, context);
  }
  void SetUp() override {
    client_ = std::make_unique<GrpcContentClient>(channel(), signer("comment"), metrics());
  }

  FakePostService posts_{runtime()};
  std::unique_ptr<GrpcContentClient> client_;
};

TEST_F(ContentClientTest, AsksAboutTheCallerOfTheRequest) {
  RequestContext context;
  context.caller.kind = Caller::Kind::kAccount;
  context.caller.account_id = kAnna;
  context.caller.roles = {"author", "editor"};
  context.visitor = NewVisitor(/*fresh=*/true);
  EXPECT_THAT(Check(kPost, context), IsOk());
  content::v1::CheckPostAccessRequest expected;
  expected.set_post_id(kPost.value());
  expected.set_account_id(kAnna.value());
  expected.add_roles("author");
  expected.add_roles("editor");
  expected.mutable_visitor()->set_id(context.visitor.id);
  expected.mutable_visitor()->set_secret(context.visitor.secret);
  expected.mutable_visitor()->set_fresh(true);
  EXPECT_THAT(posts_.asked_for, EqualsProto(expected));
  EXPECT_EQ(posts_.asked_by, "service:comment");
}

TEST_F(ContentClientTest, AsksAboutThoseWhoAreNobodyToo) {
  EXPECT_THAT(Check(), IsOk());
  content::v1::CheckPostAccessRequest expected;
  expected.set_post_id(kPost.value());
  EXPECT_THAT(posts_.asked_for, EqualsProto(expected)) << "without an empty pass";
}

TEST_F(ContentClientTest, PassesOnWhatContentSays) {
  posts_.shared_for = absl::Hours(1);
  posts_.error = Error(absl::StatusCode::kNotFound, "POST_NOT_FOUND", "there is no such post");
  EXPECT_THAT(Check(), HasReason("POST_NOT_FOUND"));
  posts_.error = Unavailable("the database cannot be reached");
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kUnavailable));
  posts_.error = absl::OkStatus();
  EXPECT_THAT(Check(), IsOk());
  EXPECT_EQ(posts_.asked, 3);
}

TEST_F(ContentClientTest, SaysSoWhenContentIsAway) {
  Stop();
  EXPECT_THAT(Check(), HasReason("SERVICE_UNAVAILABLE"));
}

TEST_F(ContentClientTest, AsksForEveryReaderAnew) {
  EXPECT_THAT(Check(), IsOk());
  EXPECT_THAT(Check(), IsOk());
  EXPECT_EQ(posts_.asked, 2);
  posts_.granted = false;
  EXPECT_THAT(Check(), HasReason("POST_NOT_READABLE"));
}

TEST_F(ContentClientTest, KeepsWhatIsSaidForEverybody) {
  posts_.shared_for = absl::Hours(1);
  EXPECT_THAT(Check(), IsOk());
  EXPECT_THAT(Check(), IsOk());
  EXPECT_EQ(posts_.asked, 1);
  posts_.granted = false;
  EXPECT_THAT(Check(), IsOk());
  EXPECT_THAT(Check(kOther), HasReason("POST_NOT_READABLE"));
}

TEST_F(ContentClientTest, NoLongerThanItIsSaid) {
  posts_.shared_for = absl::Nanoseconds(1);  // over before the answer comes
  EXPECT_THAT(Check(), IsOk());
  posts_.granted = false;
  EXPECT_THAT(Check(), HasReason("POST_NOT_READABLE"));
}

TEST_F(ContentClientTest, KeepsNoRefusal) {
  posts_.shared_for = absl::Hours(1);
  posts_.granted = false;
  EXPECT_THAT(Check(), HasReason("POST_NOT_READABLE"));
  posts_.granted = true;
  EXPECT_THAT(Check(), IsOk());
}

}  // namespace
}  // namespace rostrum::comment
