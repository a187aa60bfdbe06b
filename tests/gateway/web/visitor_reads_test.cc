#include "gateway/web/visitor_reads.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "gtest/gtest.h"
#include "rostrum/content/v1/post_service.grpc.pb.h"
#include "services/common/rpc/handle_rpc.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/served_content.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

// Answers each read with the post's id as version, or as it is told to; waits
// with its first answers until it may go on (`waiting_calls`: with how many).
class StandInPosts final : public cpb::PostService::Service {
 public:
  explicit StandInPosts(RpcRuntime& runtime)
      : rpc_(runtime, cpb::PostService::service_full_name()) {}
  grpc::Status BatchReadPosts(grpc::ServerContext* ctx, const cpb::BatchReadPostsRequest* request,
                              cpb::BatchReadPostsResponse* response) override {
    return HandleRpc(rpc_, ctx, "BatchReadPosts", [&](const RequestContext&) -> absl::Status {
      {
        absl::MutexLock lock(&mu_);
        const auto id = ctx->client_metadata().find(kRequestIdKey);
        if (id != ctx->client_metadata().end()) {
          request_ids_.emplace(id->second.data(), id->second.size());
        }
      }
      if (waiting_calls-- > 0) go_on.WaitForNotification();
      ++calls;
      reads += request->reads_size();
      most = std::max<int>(most, request->reads_size());
      if (short_by_one) return absl::OkStatus();
      if (const absl::Status refusal = status(); !refusal.ok()) return refusal;
      for (const cpb::VisitorRead& read : request->reads()) {
        response->add_readings()->set_version(read.post_id());
      }
      return absl::OkStatus();
    });
  }
  absl::Notification go_on;
  std::atomic<int> calls = 0, reads = 0, most = 0;
  std::atomic<int> waiting_calls = 1'000'000;
  std::atomic<bool> short_by_one = false;
  // What it answers.
  void AnswerWith(absl::Status status) {
    absl::MutexLock lock(&mu_);
    status_ = std::move(status);
  }
  std::set<std::string> request_ids() {
    absl::MutexLock lock(&mu_);
    return request_ids_;
  }

 private:
  absl::Status status() {
    absl::MutexLock lock(&mu_);
    return status_;
  }

  RpcMethods rpc_;
  absl::Mutex mu_;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> request_ids_ ABSL_GUARDED_BY(mu_);
};

class VisitorReadsTest : public ::testing::Test {
 protected:
  ~VisitorReadsTest() override { content_.Stop(); }

  // The request has the post's id for its own.
  void Start(const std::string& post_id, const std::string& held = "held", bool sampled = false) {
    ++waiting_;
    asio::co_spawn(
        io_,
        [this, post_id, held, sampled]() -> asio::awaitable<void> {
          cpb::VisitorRead read;
          read.set_post_id(post_id);
          read.set_held_body_version(held);
          CallerContext caller;
          caller.request_id = post_id;
          caller.trace = TraceContext::Unsampled();
          caller.trace.sampled = sampled;
          auto reading = co_await reads_->Read(read, caller);
          results_.emplace_back(post_id, reading.ok() ? reading->version() : "");
          statuses_.push_back(reading.status());
          --waiting_;
        },
        asio::detached);
  }
  void Finish() {
    io_.restart();
    while (waiting_ > 0) io_.run_one();
  }

  GrpcTestServer test_server_{"content"};
  Metrics metrics_;
  StandInPosts posts_{test_server_.runtime()};
  const ServiceCaller caller_{test_server_.signer("gateway"), "content", absl::Seconds(5),
                              metrics_};
  testing::ServedContent content_{posts_, metrics_};
  std::unique_ptr<VisitorReads> reads_ =
      std::make_unique<VisitorReads>(content_.backends(), caller_, absl::InfiniteDuration());
  asio::io_context io_;
  int waiting_ = 0;
  std::vector<std::pair<std::string, std::string>> results_;
  std::vector<absl::Status> statuses_;
};

TEST_F(VisitorReadsTest, EachGetsItsOwnAnswerAndManyShareACall) {
  for (int i = 0; i < 500; ++i) Start(absl::StrCat("post ", i));
  io_.poll();  // one call is under way, and one beside it that is full
  prometheus::Gauge& waiting = content_.backends().sharers("content");
  EXPECT_EQ(waiting.Value(), 299);
  posts_.go_on.Notify();
  Finish();
  EXPECT_EQ(waiting.Value(), 0);
  ASSERT_EQ(results_.size(), 500u);
  for (const auto& [asked, answered] : results_) EXPECT_EQ(asked, answered);
  EXPECT_EQ(posts_.reads, 500);
  EXPECT_EQ(posts_.calls, 4);
}

TEST_F(VisitorReadsTest, NoCallThatHasRoomBeginsBesideAnother) {
  for (int i = 0; i < 201; ++i) Start(absl::StrCat("post ", i));
  io_.poll();
  EXPECT_EQ(content_.backends().sharers("content").Value(), 200);
  posts_.go_on.Notify();
  Finish();
  EXPECT_EQ(posts_.calls, 2);
}

// An answer has a largest size.
TEST_F(VisitorReadsTest, FewOfThoseWhoHoldNoTextShareACall) {
  for (int i = 0; i < 100; ++i) Start(absl::StrCat("post ", i), "");
  io_.poll();
  posts_.go_on.Notify();
  Finish();
  EXPECT_EQ(posts_.reads, 100);
  EXPECT_EQ(posts_.most, 32);
}

TEST_F(VisitorReadsTest, OneAloneIsSentAtOnce) {
  posts_.go_on.Notify();
  for (int i = 0; i < 3; ++i) {
    Start("alone");
    Finish();
  }
  EXPECT_EQ(posts_.calls, 3);
}

TEST_F(VisitorReadsTest, AFailureIsToldToAllOfTheCallAndTheNextGoesOn) {
  posts_.AnswerWith(Error(absl::StatusCode::kInvalidArgument, "REASON", "no"));
  posts_.go_on.Notify();
  Start("a");
  Start("b");
  Finish();
  for (const absl::Status& status : statuses_) EXPECT_THAT(status, HasReason("REASON"));
  posts_.AnswerWith(absl::OkStatus());
  posts_.short_by_one = true;
  Start("c");
  Finish();
  EXPECT_TRUE(absl::IsInternal(statuses_.back()));
  posts_.short_by_one = false;
  Start("d");
  Finish();
  EXPECT_EQ(results_.back().second, "d");
}

TEST_F(VisitorReadsTest, WhoWaitsForACallThatRunsOutOfTimeIsToldSo) {
  for (int i = 0; i < 500; ++i) Start(absl::StrCat("post ", i));
  Finish();
  EXPECT_EQ(statuses_.size(), 500u);
  for (const absl::Status& status : statuses_) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  EXPECT_EQ(posts_.request_ids(), (std::set<std::string>{"post 0", "post 1"}));
  posts_.go_on.Notify();
  Start("a");
  Finish();
  EXPECT_EQ(results_.back().second, "a");
}

// As where one of two replicas hangs.
TEST_F(VisitorReadsTest, CallsThatTakeLongKeepNobodyElseBack) {
  reads_ = std::make_unique<VisitorReads>(content_.backends(), caller_, absl::ZeroDuration());
  posts_.waiting_calls = 2;
  Start("a");
  Start("b");
  io_.poll();
  while (posts_.waiting_calls > 0) absl::SleepFor(absl::Milliseconds(1));
  Start("c");
  while (results_.empty()) io_.run_one();
  EXPECT_EQ(results_.front().second, "c");
  posts_.go_on.Notify();
  Finish();
}

TEST_F(VisitorReadsTest, ACallThatRunsOutOfTimeIsSentOnceMore) {
  posts_.waiting_calls = 1;
  Start("a");
  Finish();
  EXPECT_EQ(results_.back().second, "a");
  posts_.go_on.Notify();
}

TEST_F(VisitorReadsTest, ACallIsPartOfOneTraceTheFirstThatIsRecorded) {
  Start("a");
  io_.poll();  // a call is under way
  Start("c");
  Start("d", "held", /*sampled=*/true);
  io_.poll();
  posts_.go_on.Notify();
  Finish();
  EXPECT_EQ(posts_.request_ids(), (std::set<std::string>{"a", "d"}));
}

TEST_F(VisitorReadsTest, SaysThatContentIsAway) {
  posts_.go_on.Notify();
  content_.Shutdown();
  Start("a");
  Finish();
  EXPECT_THAT(statuses_.back(), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum::gateway
