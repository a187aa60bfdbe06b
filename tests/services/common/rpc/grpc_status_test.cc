#include "services/common/rpc/grpc_status.h"

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "services/common/base/status.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

template <class Detail>
std::vector<Detail> DetailsOfType(const google::rpc::Status& status) {
  std::vector<Detail> found;
  for (const auto& any : status.details()) {
    if (Detail detail; any.UnpackTo(&detail)) found.push_back(detail);
  }
  return found;
}

TEST(GrpcStatusTest, CarriesAllDetailsThereAndBack) {
  ErrorDetails details;
  details.reason = "RATE_LIMITED";
  details.metadata = {{"limit", "10"}};
  details.violations = {{"comment.body", "TOO_LONG", "must be short"}};
  details.retry_after = absl::Milliseconds(2500);
  const grpc::Status wire = ToGrpcStatus(
      WithDetails(absl::StatusCode::kResourceExhausted, "slow down", details), "comment.rostrum");
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(wire.error_message(), "slow down");
  const absl::Status back = FromGrpcStatus(wire);
  EXPECT_EQ(back.code(), absl::StatusCode::kResourceExhausted);
  const ErrorDetails read = DetailsOf(back);
  EXPECT_EQ(read.reason, "RATE_LIMITED");
  EXPECT_EQ(read.domain, "comment.rostrum");
  EXPECT_EQ(read.metadata, details.metadata);
  EXPECT_EQ(read.violations, details.violations);
  EXPECT_EQ(read.retry_after, details.retry_after);
}

TEST(GrpcStatusTest, HasExactlyOneErrorInfoEvenWithoutAReason) {
  const google::rpc::Status status =
      ToRpcStatus(absl::NotFoundError("no such post"), "content.rostrum");
  ASSERT_EQ(status.details_size(), 1);
  const auto infos = DetailsOfType<google::rpc::ErrorInfo>(status);
  ASSERT_EQ(infos.size(), 1u);
  EXPECT_EQ(infos[0].reason(), "NOT_FOUND");
  EXPECT_EQ(infos[0].domain(), "content.rostrum");
}

TEST(GrpcStatusTest, KeepsTheDomainOfWhoSaidItFirst) {
  const absl::Status first =
      FromGrpcStatus(ToGrpcStatus(absl::NotFoundError("x"), "subscription.rostrum"));
  EXPECT_EQ(DetailsOf(FromGrpcStatus(ToGrpcStatus(first, "content.rostrum"))).domain,
            "subscription.rostrum");
}

TEST(GrpcStatusTest, IsOkForOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus(), "d").ok());
  EXPECT_THAT(FromGrpcStatus(grpc::Status::OK), IsOk());
  EXPECT_EQ(ToRpcStatus(absl::OkStatus(), "d").details_size(), 0);
}

TEST(GrpcStatusTest, StaysBelowTheLimitOfTrailers) {
  ErrorDetails details;
  details.reason = "INVALID_FIELDS";
  for (int i = 0; i < 1000; ++i) {
    details.violations.push_back({std::string(1000, 'f'), "X", std::string(1000, 'd')});
    details.metadata["key" + std::to_string(i)] = std::string(1000, 'v');
  }
  const grpc::Status wire = ToGrpcStatus(
      WithDetails(absl::StatusCode::kInvalidArgument, std::string(1 << 20, 'm'), details), "d");
  EXPECT_LT(wire.error_details().size() * 4 / 3 + wire.error_message().size(), 7000u);
  EXPECT_FALSE(DetailsOf(FromGrpcStatus(wire)).violations.empty());
}

TEST(GrpcStatusTest, CutsAndCleansTextThatIsNotUtf8) {
  std::string message = "мир \xff";
  for (int i = 0; i < 600; ++i) message += "ж";
  const grpc::Status wire = ToGrpcStatus(Error(absl::StatusCode::kAborted, "R\xff", message), "d");
  EXPECT_TRUE(wire.error_message().starts_with("мир ?"));
  EXPECT_TRUE(wire.error_message().ends_with("ж"));
  EXPECT_EQ(ReasonOf(FromGrpcStatus(wire)), "R?");
}

TEST(GrpcStatusTest, TakesCodeAndMessageWhereDetailsAreMissingOrWrong) {
  google::rpc::Status other = ToRpcStatus(absl::NotFoundError("x"), "d");
  for (const std::string& details :
       {std::string(), std::string("\xff\xff"), other.SerializeAsString()}) {
    const grpc::Status wire(grpc::StatusCode::UNAVAILABLE, "connection refused", details);
    EXPECT_EQ(FromGrpcStatus(wire), absl::UnavailableError("connection refused"));
    EXPECT_EQ(ToRpcStatus(wire).details_size(), 0);
  }
}

}  // namespace
}  // namespace rostrum
