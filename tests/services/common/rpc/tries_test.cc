#include "services/common/rpc/tries.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum {
namespace {

class TriesTest : public ::testing::Test {
 protected:
  const grpc::Status late_{grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"};
  const absl::Time begin_ = absl::FromUnixSeconds(1'700'000'000);
  const absl::Time end_ = begin_ + absl::Seconds(6);
  // When tries are over that are late at these, until the deadline.
  std::vector<absl::Duration> Ends(const std::vector<std::string>& peers) {
    Tries tries(/*repeatable=*/true, begin_, end_);
    std::vector<absl::Duration> ends = {tries.until() - begin_};
    for (const std::string& peer : peers) {
      if (!tries.Again(late_, peer, tries.until())) break;
      ends.push_back(tries.until() - begin_);
    }
    return ends;
  }
};

TEST_F(TriesTest, GoOnAtAReplicaThatHangsInHalfOfTheTimeLeft) {
  std::vector<absl::Duration> ends;
  for (const double seconds : {4.0, 5.0, 5.5, 5.75, 5.875, 6.0}) {
    ends.push_back(absl::Seconds(seconds));
  }
  EXPECT_EQ(Ends(std::vector<std::string>(10, "hangs")), ends);
}

TEST_F(TriesTest, GiveTheTimeLeftToOneMoreWhenAllAreSlow) {
  const std::vector<absl::Duration> ends = {absl::Seconds(4), absl::Seconds(5), absl::Seconds(6)};
  EXPECT_EQ(Ends({"a", "b", "a", "b"}), ends);
}

TEST_F(TriesTest, OneMoreWhenToldThatTooLittleTimeIsLeft) {
  Tries tries(/*repeatable=*/true, begin_, end_);
  EXPECT_TRUE(tries.Again(ToGrpcStatus(OutOfTime("no time"), "x"), "a", begin_));
  EXPECT_EQ(tries.until(), end_);
  EXPECT_FALSE(tries.Again(ToGrpcStatus(OutOfTime("no time"), "x"), "a", begin_));
}

TEST_F(TriesTest, EndWithAnAnswer) {
  Tries tries(/*repeatable=*/true, begin_, end_);
  for (const auto& answer :
       {grpc::Status::OK, grpc::Status(grpc::StatusCode::UNAVAILABLE, "away"),
        ToGrpcStatus(Error(absl::StatusCode::kDeadlineExceeded, "DATABASE_TIMEOUT", "slow"),
                     "x")}) {
    EXPECT_FALSE(tries.Again(answer, "a", tries.until()));
  }
}

TEST_F(TriesTest, OneOnlyOfWhatMustNotBeRepeatedOrHasNoDeadline) {
  Tries once(/*repeatable=*/false, begin_, end_);
  EXPECT_EQ(once.until(), end_);
  EXPECT_FALSE(once.Again(late_, "a", end_));
  EXPECT_EQ(Tries(/*repeatable=*/true, begin_, absl::InfiniteFuture()).until(),
            absl::InfiniteFuture());
}

}  // namespace
}  // namespace rostrum
