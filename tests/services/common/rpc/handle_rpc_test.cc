#include "services/common/rpc/handle_rpc.h"

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/call_deadline.h"
#include "tests/services/common/rpc/comment_handlers.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

namespace pb = rostrum::comment::v1;
using ::testing::HasSubstr;
using ::testing::Not;

const AccountId kAccount("01890000-0000-7000-8000-00000000000a");

std::mutex log_mutex;
std::vector<std::string> log_lines;

class HandleRpcTest : public GrpcFixture {
 protected:
  HandleRpcTest() : GrpcFixture("comment") {
    Serve({&comments_, &events_});
    stub_ = pb::CommentService::NewStub(channel());
    log_lines.clear();
    InitLog("comment", LogLevel::kDebug);
    SetLogSink([](const std::string& line) {
      const std::lock_guard<std::mutex> lock(log_mutex);
      log_lines.push_back(line);
    });
  }
  ~HandleRpcTest() override {
    SetLogSink(nullptr);
    InitLog("", LogLevel::kInfo);
  }

  grpc::Status Get() {
    pb::Comment comment;
    return stub_->GetComment(&ctx_, pb::GetCommentRequest(), &comment);
  }
  grpc::Status Create() {
    pb::Comment comment;
    return stub_->CreateComment(&ctx_, pb::CreateCommentRequest(), &comment);
  }
  // Makes GetComment keep its context.
  void KeepContext() {
    comments_.handler = [this](const RequestContext& rc) {
      seen_ = rc;
      EXPECT_EQ(&RequestContext::Current(), &rc);
      return absl::OkStatus();
    };
  }
  void StateDeadline(absl::Time deadline) {
    ctx_.AddMetadata(kDeadlineKey, absl::StrCat(absl::ToUnixMillis(deadline)));
  }
  // The line that the one RPC of a test logged. The server may answer first.
  nlohmann::json LogLine() {
    Stop();
    const std::lock_guard<std::mutex> lock(log_mutex);
    return log_lines.empty() ? nlohmann::json() : nlohmann::json::parse(log_lines.back());
  }

  CommentHandlers comments_{runtime()};
  EventHandlers events_{runtime()};
  std::unique_ptr<pb::CommentService::Stub> stub_;
  grpc::ClientContext ctx_;
  RequestContext seen_;
};

TEST_F(HandleRpcTest, IsAnonymousWithoutMetadata) {
  KeepContext();
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(seen_.caller.kind, Caller::Kind::kAnonymous);
  EXPECT_TRUE(seen_.visitor.empty());
  EXPECT_EQ(seen_.network, "");
  EXPECT_TRUE(IsUuid(seen_.request_id));
  EXPECT_EQ(seen_.trace.trace_id.size(), 32u);
  EXPECT_EQ(seen_.deadline, absl::InfiniteFuture());
}

TEST_F(HandleRpcTest, ReadsWhatTheCallerSent) {
  KeepContext();
  AsAccount(ctx_, kAccount, {"author"});
  const VisitorPass pass = NewVisitor(true);
  WithVisitor(ctx_, pass);
  WithNetwork(ctx_, "net-hash_1");
  WithRequestId(ctx_, "req.1");
  ctx_.AddMetadata(kTraceparentKey, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(seen_.caller.account_id, kAccount);
  EXPECT_TRUE(seen_.caller.HasRole("author"));
  EXPECT_EQ(seen_.visitor.id, pass.id);
  EXPECT_TRUE(seen_.visitor.fresh);
  EXPECT_EQ(seen_.network, "net-hash_1");
  EXPECT_EQ(seen_.request_id, "req.1");
  EXPECT_EQ(seen_.trace.parent_id, "00f067aa0ba902b7");
  EXPECT_LT(seen_.deadline, absl::Now() + absl::Seconds(11));
}

TEST_F(HandleRpcTest, IgnoresMetadataThatIsMalformed) {
  KeepContext();
  ctx_.AddMetadata(kVisitorKey, "id.secret");
  ctx_.AddMetadata(kNetworkKey, std::string(65, 'a'));
  ctx_.AddMetadata(kRequestIdKey, "has space");
  ctx_.AddMetadata(kTraceparentKey, "00-1-2-3");
  ctx_.AddMetadata(kDeadlineKey, "noon");
  EXPECT_THAT(Get(), IsOk());
  EXPECT_TRUE(seen_.visitor.empty());
  EXPECT_EQ(seen_.network, "");
  EXPECT_TRUE(IsUuid(seen_.request_id));
  EXPECT_EQ(seen_.trace.parent_id, "");
  EXPECT_EQ(seen_.deadline, absl::InfiniteFuture());
}

TEST_F(HandleRpcTest, AsksWhetherACallIsCancelledOnlyIfItMayHaveWaited) {
  const absl::Time now = absl::Now();
  std::string soon;
  comments_.handler = [&](const RequestContext&) {
    const grpc::ServerContextBase& ctx = *comments_.context.load();
    // As the server reads it, however long the call was under way.
    const absl::Time deadline = absl::FromChrono(ctx.deadline());
    soon = absl::StrCat(absl::ToUnixMillis(deadline));
    const std::string sooner = absl::StrCat(absl::ToUnixMillis(deadline - absl::Seconds(1)));
    EXPECT_FALSE(MayHaveWaited(ctx, soon));
    EXPECT_TRUE(MayHaveWaited(ctx, sooner)) << "it was read a second after it was sent";
    EXPECT_TRUE(MayHaveWaited(ctx, ""));
    EXPECT_TRUE(MayHaveWaited(ctx, "noon"));
    return absl::OkStatus();
  };
  ctx_.set_deadline(absl::ToChronoTime(now + absl::Seconds(10)));
  EXPECT_THAT(Get(), IsOk());

  comments_.handler = [&](const RequestContext&) {
    EXPECT_FALSE(MayHaveWaited(*comments_.context.load(), "")) << "who has no deadline waits";
    EXPECT_TRUE(MayHaveWaited(*comments_.context.load(), soon));
    return absl::OkStatus();
  };
  grpc::ClientContext patient;
  pb::Comment comment;
  EXPECT_THAT(FromGrpcStatus(stub_->GetComment(&patient, pb::GetCommentRequest(), &comment)),
              IsOk());
}

TEST_F(HandleRpcTest, NeverTakesABadTokenForNone) {
  bool called = false;
  comments_.handler = [&](const RequestContext&) { return called = true, absl::OkStatus(); };
  const std::string good = signer("account").SignSelf("comment");
  for (const std::string& bad : {std::string("x"), std::string(), good + "x",
                                 std::string(5000, 'a'), signer("account").SignSelf("content")}) {
    grpc::ClientContext ctx;
    ctx.AddMetadata(kIdentityKey, bad);
    pb::Comment comment;
    const grpc::Status status = stub_->GetComment(&ctx, pb::GetCommentRequest(), &comment);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated));
    EXPECT_THAT(status, HasReason("IDENTITY_INVALID"));
  }
  grpc::ClientContext twice;
  twice.AddMetadata(kIdentityKey, good);
  twice.AddMetadata(kIdentityKey, good);
  pb::Comment comment;
  EXPECT_THAT(stub_->GetComment(&twice, pb::GetCommentRequest(), &comment),
              HasReason("IDENTITY_INVALID"));
  EXPECT_FALSE(called);
}

TEST_F(HandleRpcTest, AsksTheCallerTableFirst) {
  bool called = false;
  comments_.handler = [&](const RequestContext&) { return called = true, absl::OkStatus(); };
  EXPECT_THAT(Create(), HasReason("LOGIN_REQUIRED"));
  EXPECT_FALSE(called);
}

TEST_F(HandleRpcTest, LetsAnAccountThrough) {
  AsAccount(ctx_, kAccount);
  EXPECT_THAT(Create(), IsOk());
}

TEST_F(HandleRpcTest, HoldsAnAccessTokenToItsScopes) {
  AsAccount(ctx_, kAccount, {}, {"read"});
  EXPECT_THAT(Create(), HasReason("SCOPE_REQUIRED"));
}

TEST_F(HandleRpcTest, PassesErrorsOnWithTheirDetails) {
  comments_.handler = [](const RequestContext&) {
    return InvalidField("comment.body", "TOO_LONG", "must be short");
  };
  const grpc::Status status = Get();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(status, HasViolation("comment.body"));
  EXPECT_EQ(DetailsOf(FromGrpcStatus(status)).domain, "comment.rostrum");
}

TEST_F(HandleRpcTest, KeepsInternalErrorsToTheLog) {
  comments_.handler = [](const RequestContext&) {
    return absl::InternalError("password of the database is x");
  };
  WithRequestId(ctx_, "req-7");
  const grpc::Status status = Get();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(status.error_message(), "internal error");
  EXPECT_THAT(status.error_details(), Not(HasSubstr("password")));
  EXPECT_EQ(DetailsOf(FromGrpcStatus(status)).metadata["request_id"], "req-7");
  const nlohmann::json line = LogLine();
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["error"], "password of the database is x");
}

TEST_F(HandleRpcTest, TurnsExceptionsIntoInternal) {
  comments_.handler = [](const RequestContext&) -> absl::Status {
    throw std::runtime_error("secret");
  };
  const grpc::Status status = Get();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(status.error_message(), "internal error");
  EXPECT_EQ(LogLine()["error"], "exception: secret");
}

TEST_F(HandleRpcTest, SurvivesAnExceptionThatIsNone) {
  comments_.handler = [](const RequestContext&) -> absl::Status { throw 7; };
  EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(HandleRpcTest, RefusesToBeginWithoutTimeLeft) {
  bool called = false;
  comments_.handler = [&](const RequestContext&) { return called = true, absl::OkStatus(); };
  ctx_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(15));
  EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  Stop();
  EXPECT_FALSE(called);
}

// It was read late: this process was stopped meanwhile.
TEST_F(HandleRpcTest, RefusesWhatItsCallerHasGivenUp) {
  bool called = false;
  comments_.handler = [&](const RequestContext&) { return called = true, absl::OkStatus(); };
  StateDeadline(absl::Now() - kDeadlineLeeway - absl::Milliseconds(1));
  EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  Stop();
  EXPECT_FALSE(called);
}

TEST_F(HandleRpcTest, LeavesRoomForClocksThatDiffer) {
  KeepContext();
  const absl::Time stated = absl::FromUnixMillis(absl::ToUnixMillis(absl::Now()));
  StateDeadline(stated);
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(seen_.deadline, stated + kDeadlineLeeway);
}

TEST_F(HandleRpcTest, AStatedDeadlineProlongsNothing) {
  KeepContext();
  ctx_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
  StateDeadline(absl::Now() + absl::Hours(1));
  EXPECT_THAT(Get(), IsOk());
  EXPECT_LE(seen_.deadline, absl::Now() + absl::Seconds(31));
}

TEST_F(HandleRpcTest, ReadsOneDeadlineOrNone) {
  KeepContext();
  StateDeadline(absl::UnixEpoch());
  StateDeadline(absl::UnixEpoch());
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(seen_.deadline, absl::InfiniteFuture());
}

TEST_F(HandleRpcTest, TheDatabaseHavingNoConnectionLeftIsLookedFor) {
  InitLog("comment", LogLevel::kInfo);
  comments_.handler = [](const RequestContext&) {
    return Error(absl::StatusCode::kResourceExhausted, "DATABASE_BUSY", "none came free");
  };
  Get();
  EXPECT_EQ(LogLine()["level"], "warning");
}

TEST_F(HandleRpcTest, WhatTookTooLongIsLookedFor) {
  InitLog("comment", LogLevel::kInfo);
  comments_.handler = [](const RequestContext&) { return OutOfTime("no answer came in time"); };
  Get();
  EXPECT_EQ(LogLine()["level"], "warning");
}

TEST_F(HandleRpcTest, LogsOneLineWithTheFixedFields) {
  AsAccount(ctx_, kAccount);
  WithRequestId(ctx_, "req-1");
  ctx_.AddMetadata(kTraceparentKey, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_THAT(Get(), IsOk());
  const nlohmann::json line = LogLine();
  EXPECT_EQ(log_lines.size(), 1u);
  EXPECT_EQ(line["level"], "debug");
  EXPECT_EQ(line["grpc.method"], "rostrum.comment.v1.CommentService/GetComment");
  EXPECT_EQ(line["grpc.code"], "OK");
  EXPECT_EQ(line["request_id"], "req-1");
  EXPECT_EQ(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(line["span_id"].get<std::string>().size(), 16u);
  EXPECT_EQ(line["caller"], "account");
  EXPECT_EQ(line["subject"], Hex(Sha256(kAccount.value())).substr(0, 16));
  EXPECT_TRUE(line["duration_ms"].is_number());
}

TEST_F(HandleRpcTest, LogsWhatSomebodyWillLookForAtHigherLevels) {
  comments_.handler = [](const RequestContext&) { return absl::InternalError("broken"); };
  Get();
  EXPECT_EQ(LogLine()["level"], "error");
}

TEST_F(HandleRpcTest, LeavesTheLinesOfAQuietDayToDebugging) {
  InitLog("comment", LogLevel::kInfo);
  comments_.handler = [](const RequestContext&) { return absl::NotFoundError("none"); };
  Get();
  EXPECT_EQ(LogLine(), nlohmann::json());
}

TEST_F(HandleRpcTest, LogsNothingOfAVisitor) {
  const VisitorPass pass = NewVisitor();
  WithVisitor(ctx_, pass);
  WithNetwork(ctx_, "net-hash");
  EXPECT_THAT(Get(), IsOk());
  const std::string line = LogLine().dump();
  EXPECT_THAT(line, Not(HasSubstr(pass.id)));
  EXPECT_THAT(line, Not(HasSubstr(pass.secret)));
  EXPECT_THAT(line, Not(HasSubstr("net-hash")));
}

TEST_F(HandleRpcTest, SuccessesStandAtZeroBeforeTheFirst) {
  EXPECT_THAT(
      metrics().Expose(),
      HasSubstr("grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"DeleteComment\","
                "grpc_service=\"rostrum.comment.v1.CommentService\",grpc_type=\"unary\"} 0"));
}

TEST_F(HandleRpcTest, CountsAndMeasures) {
  EXPECT_THAT(Get(), IsOk());
  grpc::ClientContext second;
  pb::Comment comment;
  comments_.handler = [](const RequestContext&) { return absl::NotFoundError("none"); };
  stub_->GetComment(&second, pb::GetCommentRequest(), &comment);
  Stop();
  const std::string text = metrics().Expose();
  const std::string labels =
      "grpc_method=\"GetComment\",grpc_service=\"rostrum.comment.v1.CommentService\","
      "grpc_type=\"unary\"} ";
  EXPECT_THAT(text, HasSubstr("grpc_server_started_total{" + labels + "2"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handled_total{grpc_code=\"OK\"," + labels + "1"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handled_total{grpc_code=\"NOT_FOUND\"," + labels + "1"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_count{" + labels + "2"));
}

TEST_F(HandleRpcTest, AnswersTheGatewayInInitialMetadata) {
  comments_.handler = [this](const RequestContext&) {
    KeepVisitor(comments_.context);
    SetSession(comments_.context, "token");
    SetEtag(comments_.context, "\"7\"");
    return absl::OkStatus();
  };
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(Answered(ctx_, kKeepVisitorKey), "1");
  EXPECT_EQ(Answered(ctx_, kSetSessionKey), "token");
  EXPECT_EQ(Answered(ctx_, kEtagKey), "\"7\"");
}

TEST_F(HandleRpcTest, EndsASessionWithAnEmptyToken) {
  comments_.handler = [this](const RequestContext&) {
    EndSession(comments_.context);
    return absl::OkStatus();
  };
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(Answered(ctx_, kSetSessionKey), "");
}

TEST_F(HandleRpcTest, ServesStreams) {
  events_.events = 2;
  events_.handler = [](const RequestContext& rc) {
    return Error(absl::StatusCode::kOutOfRange, "RESYNC", rc.caller.service);
  };
  AsService(ctx_, "feed");
  const auto stub = event::v1::EventService::NewStub(channel());
  const auto reader = stub->PullEvents(&ctx_, event::v1::PullEventsRequest());
  event::v1::PullEventsResponse response;
  int events = 0;
  while (reader->Read(&response)) ++events;
  EXPECT_EQ(events, 2);
  const grpc::Status status = reader->Finish();
  EXPECT_THAT(status, HasReason("RESYNC"));
  EXPECT_EQ(status.error_message(), "feed");
}

using RpcMethodsDeathTest = HandleRpcTest;

TEST_F(RpcMethodsDeathTest, DiesOfAnUnknownServiceAtStart) {
  Stop();
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  SetLogSink(nullptr);
  EXPECT_DEATH(RpcMethods(runtime(), "rostrum.none.v1.NoService"), "unknown gRPC service");
}

}  // namespace
}  // namespace rostrum
