#include "gateway/transcoding/http_status.h"

#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum::gateway {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

// An error that the gateway itself made.
HttpAnswer OwnError(const absl::Status& status) {
  return ErrorAnswer(ToRpcStatus(status, kGatewayDomain));
}

TEST(HttpStatusTest, EveryCodeHasItsStatus) {
  const std::pair<int, const char*> expected[] = {
      {200, "OK"},
      {499, "CANCELLED"},
      {500, "UNKNOWN"},
      {400, "INVALID_ARGUMENT"},
      {504, "DEADLINE_EXCEEDED"},
      {404, "NOT_FOUND"},
      {409, "ALREADY_EXISTS"},
      {403, "PERMISSION_DENIED"},
      {429, "RESOURCE_EXHAUSTED"},
      {400, "FAILED_PRECONDITION"},
      {409, "ABORTED"},
      {400, "OUT_OF_RANGE"},
      {501, "UNIMPLEMENTED"},
      {500, "INTERNAL"},
      {503, "UNAVAILABLE"},
      {500, "DATA_LOSS"},
      {401, "UNAUTHENTICATED"},
  };
  for (int code = 0; code <= 16; ++code) {
    EXPECT_EQ(HttpStatusOf(code), expected[code].first) << code;
    EXPECT_EQ(CodeName(code), expected[code].second) << code;
  }
  EXPECT_EQ(HttpStatusOf(17), 500);
  EXPECT_EQ(HttpStatusOf(-1), 500);
}

TEST(HttpStatusTest, AnErrorHasOneForm) {
  ErrorDetails details;
  details.reason = "REQUIRED";
  details.domain = "comment.rostrum";
  details.metadata["limit"] = "5";
  details.violations.push_back({"comment.body", "REQUIRED", "must not be \"empty\""});
  const HttpAnswer reply = ErrorAnswer(
      ToRpcStatus(WithDetails(absl::StatusCode::kInvalidArgument, "bad comment", details), ""));
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.headers, IsEmpty());
  EXPECT_EQ(json::parse(reply.body), json::parse(R"({"error": {
    "code": 400, "status": "INVALID_ARGUMENT", "message": "bad comment",
    "details": [
      {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "REQUIRED",
       "domain": "comment.rostrum", "metadata": {"limit": "5"}},
      {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [
        {"field": "comment.body", "reason": "REQUIRED",
         "description": "must not be \"empty\""}]}]}})"));
}

TEST(HttpStatusTest, RetryAfterIsRoundedUp) {
  const auto header = [](absl::Duration delay) {
    return OwnError(
               RetryLater(absl::StatusCode::kResourceExhausted, "RATE_LIMITED", "slow down", delay))
        .headers;
  };
  EXPECT_THAT(header(absl::Seconds(7)), ElementsAre(Pair("Retry-After", "7")));
  EXPECT_THAT(header(absl::Milliseconds(7001)), ElementsAre(Pair("Retry-After", "8")));
  EXPECT_THAT(header(absl::ZeroDuration()), ElementsAre(Pair("Retry-After", "1")));
  const HttpAnswer reply = OwnError(
      RetryLater(absl::StatusCode::kUnavailable, "AWAY", "away", absl::Milliseconds(1500)));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(json::parse(reply.body)["error"]["details"][1]["retryDelay"], "1.500s");
}

TEST(HttpStatusTest, UnauthenticatedSaysHow) {
  EXPECT_THAT(OwnError(Error(absl::StatusCode::kUnauthenticated, "LOGIN_REQUIRED", "")).headers,
              ElementsAre(Pair("WWW-Authenticate", "Bearer realm=\"rostrum\"")));
}

TEST(HttpStatusTest, TheGatewaysOwnErrorsHaveTheirOwnStatuses) {
  const HttpAnswer reply = OwnError(Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_ALLOWED",
                                          "no", {{"allow", "GET, HEAD"}}));
  EXPECT_EQ(reply.status, 405);
  EXPECT_THAT(reply.headers, ElementsAre(Pair("Allow", "GET, HEAD")));
  const auto status = [](const char* reason) {
    return OwnError(Error(absl::StatusCode::kInvalidArgument, reason, "no")).status;
  };
  EXPECT_EQ(status("BODY_TOO_LARGE"), 413);
  EXPECT_EQ(status("UNSUPPORTED_MEDIA_TYPE"), 415);
  EXPECT_EQ(status("INVALID_JSON"), 400);
  EXPECT_EQ(
      ErrorAnswer(ToRpcStatus(Error(absl::StatusCode::kInvalidArgument, "BODY_TOO_LARGE", "no"),
                              "content.rostrum"))
          .status,
      400)
      << "a service's reason of that name is its own";
}

TEST(HttpStatusTest, WhatGrpcItselfSaysIsReplaced) {
  const HttpAnswer reply = ErrorAnswer(ToRpcStatus(
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect to ipv4:10.0.0.7:8080")));
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, Not(HasSubstr("10.0.0.7")));
  EXPECT_EQ(json::parse(reply.body)["error"]["details"][0]["reason"], "UNAVAILABLE");
  EXPECT_THAT(reply.headers, ElementsAre(Pair("Retry-After", "1")));
  EXPECT_THAT(OwnError(absl::InternalError("select * from secrets")).body,
              Not(HasSubstr("secrets")));
}

TEST(HttpStatusTest, UnknownDetailsAreBase64) {
  google::rpc::Status status;
  status.set_code(5);
  google::rpc::ErrorInfo info;
  info.set_reason("GONE");
  status.add_details()->PackFrom(info);
  auto* any = status.add_details();
  any->set_type_url("type.googleapis.com/some.Thing");
  any->set_value(std::string("\0\xff", 2));
  const json detail = json::parse(ErrorAnswer(status).body)["error"]["details"][1];
  EXPECT_EQ(detail, json::parse(R"({"@type": "type.googleapis.com/some.Thing", "value": "AP8="})"));
}

TEST(HttpStatusTest, AnErrorThatSaysOkIsInternal) {
  EXPECT_EQ(ErrorAnswer(google::rpc::Status()).status, 500);
}

}  // namespace
}  // namespace rostrum::gateway
