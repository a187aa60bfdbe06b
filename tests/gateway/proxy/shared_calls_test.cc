#include "gateway/proxy/shared_calls.h"

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "gtest/gtest.h"
#include "rostrum/content/v1/post_service.grpc.pb.h"
#include "services/common/rpc/grpc_status.h"
#include "tests/support/kept_spans.h"
#include "tests/support/served_content.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

// The list of a channel has its edition for page token. Waits with the first answers.
class StandInPosts final : public cpb::PostService::Service {
 public:
  grpc::Status ListPosts(grpc::ServerContext* ctx, const cpb::ListPostsRequest* request,
                         cpb::ListPostsResponse* response) override {
    {
      absl::MutexLock lock(&mu_);
      ++calls_[request->channel()];
      for (const auto& [key, value] : ctx->client_metadata()) {
        keys_.emplace(key.data(), key.size());
      }
    }
    const int asked_edition = edition;
    if (waiting_calls-- > 0) go_on.WaitForNotification();
    if (const absl::Status refusal = status(); !refusal.ok()) {
      return ToGrpcStatus(refusal, "test.rostrum");
    }
    response->set_next_page_token(absl::StrCat(request->channel(), " ", asked_edition));
    return grpc::Status::OK;
  }
  int calls(const std::string& channel) {
    absl::MutexLock lock(&mu_);
    return calls_[channel];
  }
  bool got(const std::string& key) {
    absl::MutexLock lock(&mu_);
    return keys_.contains(key);
  }
  absl::Notification go_on;
  std::atomic<int> waiting_calls = 0;
  std::atomic<int> edition = 1;
  // What it answers.
  void AnswerWith(absl::Status status) {
    absl::MutexLock lock(&mu_);
    status_ = std::move(status);
  }

 private:
  absl::Status status() {
    absl::MutexLock lock(&mu_);
    return status_;
  }

  absl::Mutex mu_;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, int> calls_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> keys_ ABSL_GUARDED_BY(mu_);
};

class SharedCallsTest : public ::testing::Test {
 protected:
  ~SharedCallsTest() override { content_.Stop(); }

  void Start(const std::string& channel, const std::string& rpc = "ListPosts") {
    ++waiting_;
    asio::co_spawn(
        io_,
        [this, channel, rpc]() -> asio::awaitable<void> {
          cpb::ListPostsRequest request;
          request.set_channel(channel);
          SharedCall call{.service = "content",
                          .method = absl::StrCat("/rostrum.content.v1.PostService/", rpc),
                          .request = request.SerializeAsString()};
          answers_.push_back(co_await shared_->Call(std::move(call), caller_));
          --waiting_;
        },
        asio::detached);
  }
  void Finish() {
    io_.restart();
    while (waiting_ > 0) io_.run_one();
  }
  SharedAnswerPtr Ask(const std::string& channel) {
    Start(channel);
    Finish();
    return answers_.back().value();
  }
  static std::string Told(const SharedAnswerPtr& answer) {
    return static_cast<const cpb::ListPostsResponse&>(*answer->message).next_page_token();
  }

  Metrics metrics_;
  StandInPosts posts_;
  testing::ServedContent content_{posts_, metrics_};
  SharedCallsSettings settings_{.limits = {.long_call = absl::InfiniteDuration()}};
  std::unique_ptr<SharedCalls> shared_ =
      std::make_unique<SharedCalls>(content_.backends(), settings_);
  CallerContext caller_;
  asio::io_context io_;
  int waiting_ = 0;
  std::vector<absl::StatusOr<SharedAnswerPtr>> answers_;
};

TEST_F(SharedCallsTest, WhoAsksTheSameSharesTheNextCall) {
  posts_.waiting_calls = 2;
  for (int i = 0; i < 100; ++i) Start(i % 2 == 0 ? "war" : "peace");
  io_.poll();  // one call for each is under way
  while (posts_.waiting_calls > 0) io_.poll();
  posts_.edition = 2;
  posts_.go_on.Notify();
  Finish();
  EXPECT_EQ(posts_.calls("war"), 2);
  EXPECT_EQ(posts_.calls("peace"), 2);
  std::map<std::string, int> told;
  for (const auto& answer : answers_) ++told[Told(*answer)];
  // Who came while the first edition was told is not told of it.
  EXPECT_EQ(told, (std::map<std::string, int>{
                      {"war 1", 1}, {"war 2", 49}, {"peace 1", 1}, {"peace 2", 49}}));
}

TEST_F(SharedCallsTest, EveryQuestionIsAskedAnewAndEqualAnswersHaveOneNumber) {
  const SharedAnswerPtr first = Ask("war");
  EXPECT_EQ(Ask("war")->number, first->number);
  EXPECT_NE(Ask("peace")->number, first->number);
  posts_.edition = 2;
  const SharedAnswerPtr second = Ask("war");
  EXPECT_EQ(Told(second), "war 2");
  EXPECT_NE(second->number, first->number);
  posts_.edition = 1;
  EXPECT_EQ(Told(Ask("war")), "war 1");
  EXPECT_EQ(posts_.calls("war"), 4);
}

TEST_F(SharedCallsTest, NobodysNameGoesAlong) {
  caller_.request_id = "id";
  caller_.network = "network";
  caller_.visitor.id = "visitor";
  auto identity = std::make_shared<Identity>();
  identity->tokens["content"] = "token";
  caller_.identity = identity;
  Ask("war");
  EXPECT_TRUE(posts_.got(kRequestIdKey));
  for (const char* key : {kIdentityKey, kVisitorKey, kNetworkKey}) EXPECT_FALSE(posts_.got(key));
}

TEST_F(SharedCallsTest, AFailureIsToldToAllOfTheCallAndTheNextGoesOn) {
  posts_.AnswerWith(Error(absl::StatusCode::kNotFound, "CHANNEL_NOT_FOUND", "no"));
  for (int i = 0; i < 3; ++i) Start("war");
  Finish();
  EXPECT_LE(posts_.calls("war"), 2);
  for (const auto& answer : answers_) {
    EXPECT_THAT(answer.status(), HasReason("CHANNEL_NOT_FOUND"));
  }
  posts_.AnswerWith(absl::OkStatus());
  EXPECT_EQ(Told(Ask("war")), "war 1");
}

// As where one of two replicas hangs: nobody waits until it is given up.
TEST_F(SharedCallsTest, TheNextCallBeginsWhenTheOneBeforeTakesLong) {
  settings_.limits = {.long_call = absl::Milliseconds(50), .call_time = absl::Hours(1)};
  shared_ = std::make_unique<SharedCalls>(content_.backends(), settings_);
  posts_.waiting_calls = 1;
  Start("war");
  while (posts_.waiting_calls > 0) io_.poll();
  posts_.edition = 2;
  Start("war");
  while (answers_.empty()) io_.run_one();
  EXPECT_EQ(Told(answers_.front().value()), "war 2");
  posts_.go_on.Notify();
  Finish();
  EXPECT_EQ(Told(answers_.back().value()), "war 1");
  EXPECT_EQ(posts_.calls("war"), 2);
}

TEST_F(SharedCallsTest, WhoWaitsIsCountedAndLedByTheTraceToTheCall) {
  KeptSpans spans;
  prometheus::Gauge& waiting = content_.backends().sharers("content");
  posts_.waiting_calls = 1;
  Start("war");
  while (posts_.waiting_calls > 0) io_.poll();
  EXPECT_EQ(waiting.Value(), 0);
  for (const char* id : {"b7ad6b7169203331", "c7ad6b7169203331"}) {
    caller_.trace =
        TraceContext::Parse(absl::StrCat("00-0af7651916cd43dd8448eb211c80319c-", id, "-01"), "");
    Start("war");
    io_.poll();
  }
  EXPECT_EQ(waiting.Value(), 2);
  posts_.go_on.Notify();
  Finish();
  EXPECT_EQ(waiting.Value(), 0);

  std::string call;  // the parent of the call
  std::map<std::string, std::vector<TraceContext>> links;
  for (const auto& span : spans.Take()) {
    if (span->kind == SpanKind::kClient) call = span->context.parent_id;
    if (span->name == "shared_calls.Call") links[span->context.span_id] = span->links;
  }
  ASSERT_EQ(links.size(), 2u);
  ASSERT_TRUE(links.contains(call)) << "the call is part of the first request's trace";
  EXPECT_TRUE(links[call].empty());
  links.erase(call);
  ASSERT_EQ(links.begin()->second.size(), 1u);
  EXPECT_EQ(links.begin()->second[0].span_id, call);
}

TEST_F(SharedCallsTest, AnswersCountWithoutMemoryForThem) {
  settings_.answer_bytes = settings_.made_bytes = 0;
  shared_ = std::make_unique<SharedCalls>(content_.backends(), settings_);
  const SharedAnswerPtr first = Ask("war");
  EXPECT_EQ(Told(first), "war 1");
  EXPECT_NE(Ask("war")->number, first->number);
  shared_->made().Keep("war", "1", StoreText("text"));
  EXPECT_EQ(shared_->made().Find("war", "1"), nullptr);
}

TEST_F(SharedCallsTest, OnlyWhatIsTheSameForAllVisitorsIsShared) {
  for (const char* rpc : {"GetPost", "Unknown"}) {
    Start("war", rpc);
    Finish();
    EXPECT_TRUE(absl::IsInternal(answers_.back().status())) << answers_.back().status();
  }
}

}  // namespace
}  // namespace rostrum::gateway
