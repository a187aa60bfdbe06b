#include "services/comment/content_client.h"

#include <atomic>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/rpc/proto_time.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::comment {
namespace {

const PostId kPost("00000000-0000-7000-8000-000000000001");
const PostId kOther("00000000-0000-7000-8000-000000000002");

class FakePostService final : public content::v1::PostService::Service {
 public:
  explicit FakePostService(RpcRuntime& runtime)
      : rpc_(runtime, content::v1::PostService::service_full_name()) {}

  grpc::Status CheckPostAccess(grpc::ServerContext* ctx, const content::v1::CheckPostAccessRequest*,
                               content::v1::CheckPostAccessResponse* response) override {
    return HandleRpc(rpc_, ctx, "CheckPostAccess", [&](const RequestContext&) -> absl::Status {
      ++asked;
      response->set_granted(granted.load());
      if (shared_for > absl::ZeroDuration()) {
        *response->mutable_shared_for() = ToProtoDuration(shared_for);
      }
      return absl::OkStatus();
    });
  }

  std::atomic<int> asked = 0;
  std::atomic<bool> granted = true;
  absl::Duration shared_for;

 private:
  RpcMethods rpc_;
};

class ContentClientTest : public GrpcFixture {
 protected:
  ContentClientTest() : GrpcFixture("content") { Serve({&posts_}); }

  absl::Status Check(const PostId& post_id = kPost) {
    return client_->CheckReadable(post_id, RequestContext{});
  }
  void SetUp() override {
    client_ = std::make_unique<GrpcContentClient>(channel(), signer("comment"), metrics());
  }

  FakePostService posts_{runtime()};
  std::unique_ptr<GrpcContentClient> client_;
};

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
  posts_.shared_for = absl::Milliseconds(20);
  EXPECT_THAT(Check(), IsOk());
  posts_.granted = false;
  absl::SleepFor(posts_.shared_for);
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
