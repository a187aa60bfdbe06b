#include "services/common/rpc/channel.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/support/validate_service_config.h"
#include "nlohmann/json.hpp"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/call_deadline.h"
#include "services/common/rpc/grpc_status.h"
#include "tests/services/common/rpc/comment_handlers.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

namespace pb = rostrum::comment::v1;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ServiceConfigTest, IsOneThatGrpcTakes) {
  EXPECT_EQ(grpc::experimental::ValidateServiceConfigJSON(ServiceConfigJson()), "");
}

TEST(ServiceConfigTest, RetriesWhatMayBeRepeatedAndNothingElse) {
  ASSERT_NE(pb::Comment::descriptor(), nullptr);  // links the file
  const nlohmann::json configs = nlohmann::json::parse(ServiceConfigJson())["methodConfig"];
  ASSERT_EQ(configs.size(), 2u);
  const std::string repeatable = configs[0]["name"].dump();
  EXPECT_THAT(repeatable, HasSubstr(R"("method":"GetComment")"));
  EXPECT_THAT(repeatable, HasSubstr(R"("method":"CreateComment")"));
  EXPECT_THAT(repeatable, Not(HasSubstr(R"("method":"UpdateComment")")));
  EXPECT_EQ(configs[0]["retryPolicy"]["maxAttempts"], 4);
  EXPECT_EQ(configs[0]["retryPolicy"]["retryableStatusCodes"],
            nlohmann::json({"UNAVAILABLE", "CANCELLED"}));
  const std::string others = configs[1]["name"].dump();
  EXPECT_THAT(others, HasSubstr(R"("method":"UpdateComment")"));
  EXPECT_THAT(others, Not(HasSubstr(R"("method":"GetComment")")));
  EXPECT_THAT(others, Not(HasSubstr(R"("method":"PullEvents")")));
  EXPECT_EQ(configs[1]["retryPolicy"]["retryableStatusCodes"],
            nlohmann::json::array({"CANCELLED"}));
}

const absl::Status kSlow =
    Error(absl::StatusCode::kDeadlineExceeded, "DATABASE_TIMEOUT", "the database is slow");

class ServiceCallerTest : public GrpcFixture {
 protected:
  ServiceCallerTest() : GrpcFixture("comment") {
    Serve({&comments_});
    stub_ = pb::CommentService::NewStub(channel());
    SetLogSink([](const std::string&) {});
  }
  ~ServiceCallerTest() override { SetLogSink(nullptr); }

  absl::Status Get() { return Get(caller_); }
  absl::Status Get(const ServiceCaller& caller) {
    return caller.Call("GetComment", [&](grpc::ClientContext* ctx) {
      pb::Comment comment;
      return stub_->GetComment(ctx, pb::GetCommentRequest(), &comment);
    });
  }
  // The identity token that a call sends.
  std::string SentToken() {
    std::string token;
    comments_.handler = [&](const RequestContext&) {
      const auto& metadata = comments_.context.load()->client_metadata();
      const grpc::string_ref sent = metadata.find(kIdentityKey)->second;
      token.assign(sent.data(), sent.size());
      return absl::OkStatus();
    };
    EXPECT_THAT(Get(), IsOk());
    comments_.handler = [](const RequestContext&) { return absl::OkStatus(); };
    return token;
  }
  absl::Status Answer(grpc::Status status) {
    return caller_.Call("GetComment", [&](grpc::ClientContext*) { return status; });
  }

  CommentHandlers comments_{runtime()};
  std::unique_ptr<pb::CommentService::Stub> stub_;
  ServiceCaller caller_{signer("content"), "comment", absl::Seconds(5), metrics()};
};

TEST_F(ServiceCallerTest, CallsAsItsServiceAndPassesTheContextOn) {
  RequestContext seen;
  comments_.handler = [&](const RequestContext& rc) { return seen = rc, absl::OkStatus(); };
  RequestContext context;
  context.request_id = "req-1";
  context.trace = TraceContext::Continue("", "");
  context.trace.sampled = true;
  context.trace.tracestate = "v=1";
  const ScopedRequestContext bound(context);
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(seen.caller.service, "content");
  EXPECT_EQ(seen.request_id, "req-1");
  EXPECT_EQ(seen.trace.trace_id, context.trace.trace_id);
  EXPECT_EQ(seen.trace.parent_id, context.trace.span_id);
  EXPECT_TRUE(seen.trace.sampled);
  EXPECT_EQ(seen.trace.tracestate, "v=1");
  EXPECT_LE(seen.deadline, absl::Now() + absl::Seconds(6));
}

TEST_F(ServiceCallerTest, SaysUntilWhenItWaits) {
  absl::Time stated;
  comments_.handler = [&](const RequestContext&) {
    const auto& metadata = comments_.context.load()->client_metadata();
    const grpc::string_ref sent = metadata.find(kDeadlineKey)->second;
    stated = absl::FromUnixMillis(std::stoll(std::string(sent.data(), sent.size())));
    return absl::OkStatus();
  };
  const absl::Time before = absl::Now();
  EXPECT_THAT(Get(), IsOk());
  // Two thirds of the five seconds: then it asks once more.
  EXPECT_GE(stated, before + absl::Seconds(5) * 2 / 3 - absl::Milliseconds(1));
  EXPECT_LE(stated, absl::Now() + absl::Seconds(5) * 2 / 3);
}

TEST_F(ServiceCallerTest, WorksWithoutAContext) {
  RequestContext seen;
  comments_.handler = [&](const RequestContext& rc) { return seen = rc, absl::OkStatus(); };
  EXPECT_THAT(Get(), IsOk());
  EXPECT_TRUE(IsUuid(seen.request_id));
}

TEST_F(ServiceCallerTest, LeavesTimeForTheWayBack) {
  RequestContext context;
  context.deadline = absl::Now() + absl::Seconds(2);
  const ScopedRequestContext bound(context);
  absl::Time deadline;
  EXPECT_THAT(caller_.Call("UpdateComment",
                           [&](grpc::ClientContext* ctx) {
                             deadline = absl::FromChrono(ctx->deadline());
                             return grpc::Status::OK;
                           }),
              IsOk());
  EXPECT_LT(absl::AbsDuration(deadline - (context.deadline - absl::Milliseconds(20))),
            absl::Milliseconds(1));
}

TEST_F(ServiceCallerTest, DoesNotCallWithoutTimeLeft) {
  RequestContext context;
  context.deadline = absl::Now() + absl::Milliseconds(10);
  const ScopedRequestContext bound(context);
  bool called = false;
  EXPECT_THAT(caller_.Call("GetComment",
                           [&](grpc::ClientContext*) { return called = true, grpc::Status::OK; }),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(called);
}

TEST_F(ServiceCallerTest, KeepsItsTokenUntilShortlyBeforeItExpires) {
  const std::string first = SentToken();
  fake_clock().Advance(absl::Seconds(44));
  EXPECT_EQ(SentToken(), first);
  fake_clock().Advance(absl::Seconds(1));
  EXPECT_NE(SentToken(), first);
  fake_clock().Advance(absl::Seconds(70));
  SentToken();  // and is let in
}

TEST_F(ServiceCallerTest, SignsAnewWhenTheClockIsSetBack) {
  const std::string first = SentToken();
  fake_clock().Advance(-absl::Hours(1));
  EXPECT_NE(SentToken(), first);
}

TEST_F(ServiceCallerTest, PassesOnWhatTheOtherServiceSays) {
  comments_.handler = [](const RequestContext&) {
    return Error(absl::StatusCode::kFailedPrecondition, "TOO_DEEP", "too deep");
  };
  const absl::Status status = Get();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(status, HasReason("TOO_DEEP"));
  EXPECT_EQ(DetailsOf(status).domain, "comment.rostrum");
}

TEST_F(ServiceCallerTest, KeepsWhatOnlyTheConnectionSays) {
  const absl::Status status =
      Answer(grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect to 10.0.0.7:50051"));
  EXPECT_THAT(status, HasReason("SERVICE_UNAVAILABLE"));
  EXPECT_EQ(status.message(), "comment is not available");
  EXPECT_TRUE(DetailsOf(status).retry_after.has_value());
  EXPECT_THAT(Answer(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "Server Threadpool")),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Answer(grpc::Status(grpc::StatusCode::CANCELLED, "CANCELLED")),
              HasReason("SERVICE_UNAVAILABLE"));
  EXPECT_THAT(Answer(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded")),
              HasReason("SERVICE_UNAVAILABLE"))
      << "whom this one serves has time left";
  EXPECT_THAT(Answer(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "")),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(ServiceCallerTest, WhatAnotherServiceIsTheCauseOfIsNotTriedAnew) {
  std::string address;
  EXPECT_THAT(caller_.Call("GetComment",
                           [&](grpc::ClientContext* ctx) {
                             pb::Comment comment;
                             const grpc::Status status =
                                 stub_->GetComment(ctx, pb::GetCommentRequest(), &comment);
                             address = ctx->peer();
                             return status;
                           }),
              IsOk());
  const auto stub =
      pb::CommentService::NewStub(NewChannel(address, grpc::InsecureChannelCredentials()));
  const auto tries_of = [&](const absl::Status& said) {
    std::atomic<int> tries = 0;
    comments_.handler = [&](const RequestContext&) { return ++tries, said; };
    grpc::ClientContext ctx;
    AsAnonymous(ctx);
    pb::Comment comment;
    EXPECT_THAT(stub->GetComment(&ctx, pb::GetCommentRequest(), &comment),
                StatusIs(absl::StatusCode::kUnavailable));
    return tries.load();
  };
  EXPECT_EQ(tries_of(Unavailable("the database cannot be reached")), 4);
  EXPECT_EQ(tries_of(ServiceUnavailable("subscription")), 1);
}

TEST_F(ServiceCallerTest, AsksOnceMoreWhenNobodyAnswers) {
  const auto tries_of = [&](const char* method, const grpc::Status& answer) {
    int tries = 0;
    caller_.Call(method, [&](grpc::ClientContext*) { return ++tries, answer; }).IgnoreError();
    return tries;
  };
  const grpc::Status late(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded");
  EXPECT_EQ(tries_of("GetComment", late), 2);
  EXPECT_EQ(tries_of("UpdateComment", late), 1) << "may not be repeated";
  EXPECT_EQ(tries_of("GetComment", ToGrpcStatus(OutOfTime("no time"), "comment.rostrum")), 2);
  EXPECT_EQ(tries_of("GetComment", ToGrpcStatus(kSlow, "comment.rostrum")), 1) << "did answer";
}

TEST_F(ServiceCallerTest, WhatIsTooSlowForUsIsAwayWhileOurCallerHasTime) {
  RequestContext context;
  context.deadline = absl::Now() + absl::Minutes(1);
  const ScopedRequestContext bound(context);
  for (const absl::Status& said : {OutOfTime("no time"), kSlow}) {
    const absl::Status status = caller_.Call(
        "GetComment", [&](grpc::ClientContext*) { return ToGrpcStatus(said, "comment.rostrum"); });
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable)) << said;
    EXPECT_THAT(status, HasReason("SERVICE_UNAVAILABLE")) << said;
  }
}

TEST_F(ServiceCallerTest, FindsAnotherReplicaWhileOneHangs) {
  const ServiceCaller caller(signer("content"), "comment", absl::Seconds(9), metrics());
  std::atomic<int> tries = 0;
  absl::Notification over;
  comments_.handler = [&](const RequestContext&) {
    if (++tries == 1) over.WaitForNotification();
    return absl::OkStatus();
  };
  EXPECT_THAT(Get(caller), IsOk());
  over.Notify();
  Stop();
  EXPECT_EQ(tries, 2);
}

// So its threads are there for what needs nobody else.
TEST_F(ServiceCallerTest, OnlySoManyWaitForAServiceThatHangs) {
  absl::Notification over;
  std::atomic<int> begun = 0;
  const auto ask = [&] {
    return caller_.Call("UpdateComment", [&](grpc::ClientContext*) {
      ++begun;
      over.WaitForNotification();
      return grpc::Status::OK;
    });
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 64; ++i) callers.emplace_back([&] { EXPECT_THAT(ask(), IsOk()); });
  while (begun < 64) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(ask(), HasReason("SERVICE_UNAVAILABLE"));
  EXPECT_EQ(begun, 64);
  over.Notify();
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(ask(), IsOk());
}

TEST_F(ServiceCallerTest, NeverTellsTheUserToLogInWhenItIsItselfRefused) {
  EXPECT_THAT(caller_.Call("CreateComment",
                           [&](grpc::ClientContext* ctx) {
                             pb::Comment comment;
                             return stub_->CreateComment(ctx, pb::CreateCommentRequest(), &comment);
                           }),
              StatusIs(absl::StatusCode::kInternal));
  const ServiceCaller elsewhere(signer("content"), "feed", absl::Seconds(5), metrics());
  EXPECT_THAT(Get(elsewhere), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(ServiceCallerTest, CountsAndMeasures) {
  EXPECT_THAT(Get(), IsOk());
  EXPECT_THAT(Get(), IsOk());
  const std::string labels =
      "grpc_method=\"GetComment\",grpc_service=\"rostrum.comment.v1.CommentService\",grpc_type="
      "\"unary\"} 2";
  EXPECT_THAT(metrics().Expose(),
              HasSubstr("grpc_client_handled_total{grpc_code=\"OK\"," + labels));
  EXPECT_THAT(metrics().Expose(), HasSubstr("grpc_client_handling_seconds_count{" + labels));
}

// Fails a number of times before it works.
class FlakyComments final : public pb::CommentService::Service {
 public:
  grpc::Status GetComment(grpc::ServerContext*, const pb::GetCommentRequest*,
                          pb::Comment*) override {
    return Try();
  }
  grpc::Status UpdateComment(grpc::ServerContext*, const pb::UpdateCommentRequest*,
                             pb::Comment*) override {
    return Try();
  }
  std::atomic<int> tries{0};
  int failures = 0;
  grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE;

 private:
  grpc::Status Try() {
    if (++tries <= failures) return grpc::Status(code, "not yet");
    return grpc::Status::OK;
  }
};

class NewChannelTest : public testing::Test {
 protected:
  NewChannelTest() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&comments_);
    server_ = builder.BuildAndStart();
    stub_ = pb::CommentService::NewStub(
        NewChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
    ctx_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  }
  ~NewChannelTest() override { server_->Shutdown(); }

  FlakyComments comments_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<pb::CommentService::Stub> stub_;
  grpc::ClientContext ctx_;
  pb::Comment comment_;
};

TEST_F(NewChannelTest, TriesAReadUpToFourTimes) {
  comments_.failures = 3;
  EXPECT_THAT(stub_->GetComment(&ctx_, pb::GetCommentRequest(), &comment_), IsOk());
  EXPECT_EQ(comments_.tries, 4);
}

TEST_F(NewChannelTest, TriesAnewWhatAStoppingServerCancelled) {
  comments_.failures = 1;
  comments_.code = grpc::StatusCode::CANCELLED;
  EXPECT_THAT(stub_->GetComment(&ctx_, pb::GetCommentRequest(), &comment_), IsOk());
  EXPECT_EQ(comments_.tries, 2);
}

TEST_F(NewChannelTest, TriesAnewWhatAStoppingServerHasNotBegunThoughItMustNotBeRepeated) {
  comments_.failures = 1;
  comments_.code = grpc::StatusCode::CANCELLED;
  EXPECT_THAT(stub_->UpdateComment(&ctx_, pb::UpdateCommentRequest(), &comment_), IsOk());
  EXPECT_EQ(comments_.tries, 2);
}

TEST_F(NewChannelTest, TriesALongRequestAnewToo) {
  comments_.failures = 1;
  comments_.code = grpc::StatusCode::CANCELLED;
  pb::UpdateCommentRequest request;
  request.mutable_comment()->set_body(std::string(1'000'000, 'x'));
  EXPECT_THAT(stub_->UpdateComment(&ctx_, request, &comment_), IsOk());
  EXPECT_EQ(comments_.tries, 2);
}

// As when one that nobody could reach for a while is back, and then a replica dies.
TEST_F(NewChannelTest, TriesAnewSoonAfterHundredsOfFailures) {
  comments_.failures = 1'000'000;
  std::vector<std::thread> callers;
  for (int i = 0; i < 200; ++i) {
    callers.emplace_back([this] {
      grpc::ClientContext ctx;
      pb::Comment comment;
      stub_->GetComment(&ctx, pb::GetCommentRequest(), &comment);
    });
  }
  for (std::thread& caller : callers) caller.join();
  comments_.failures = 0;
  for (int i = 0; i < 10; ++i) {
    grpc::ClientContext ctx;
    EXPECT_THAT(stub_->GetComment(&ctx, pb::GetCommentRequest(), &comment_), IsOk());
  }
  comments_.tries = 0;
  comments_.failures = 1;
  EXPECT_THAT(stub_->GetComment(&ctx_, pb::GetCommentRequest(), &comment_), IsOk());
  EXPECT_EQ(comments_.tries, 2);
}

TEST_F(NewChannelTest, GivesUpAfterFour) {
  comments_.failures = 100;
  EXPECT_THAT(stub_->GetComment(&ctx_, pb::GetCommentRequest(), &comment_),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(comments_.tries, 4);
}

TEST_F(NewChannelTest, NeverRepeatsAnEffectThatIsNotIdempotent) {
  comments_.failures = 1;
  EXPECT_THAT(stub_->UpdateComment(&ctx_, pb::UpdateCommentRequest(), &comment_),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(comments_.tries, 1);
}

TEST_F(ServiceCallerTest, WhatItMayCallStandsAtZero) {
  const ServiceCaller caller(signer("comment"), "content", absl::Seconds(5), metrics());
  const std::string labels =
      "grpc_method=\"CheckPostAccess\",grpc_service=\"rostrum.content.v1.PostService\","
      "grpc_type=\"unary\"} 0";
  EXPECT_THAT(metrics().Expose(), HasSubstr("grpc_client_started_total{" + labels));
  EXPECT_THAT(metrics().Expose(),
              HasSubstr("grpc_client_handled_total{grpc_code=\"OK\"," + labels));
}

TEST_F(ServiceCallerTest, CountsStreams) {
  grpc::ClientContext context;
  {
    const ServiceCaller::Stream given_up =
        caller_.Open("/rostrum.event.v1.EventService/PullEvents", &context);
  }
  grpc::ClientContext second;
  { caller_.Open("/rostrum.event.v1.EventService/PullEvents", &second).Ended(grpc::Status::OK); }
  const std::string labels =
      "grpc_method=\"PullEvents\",grpc_service=\"rostrum.event.v1.EventService\","
      "grpc_type=\"server_stream\"} ";
  const std::string text = metrics().Expose();
  EXPECT_THAT(text, HasSubstr("grpc_client_started_total{" + labels + "2"));
  EXPECT_THAT(text, HasSubstr("grpc_client_handled_total{grpc_code=\"CANCELLED\"," + labels + "1"));
  EXPECT_THAT(text, HasSubstr("grpc_client_handled_total{grpc_code=\"OK\"," + labels + "1"));
}

}  // namespace
}  // namespace rostrum
