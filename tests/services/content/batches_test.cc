#include "services/content/batches.h"

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

TEST(BatchesTest, GoOnUntilNothingIsLeft) {
  int left = 3;
  EXPECT_THAT(Batches().Run([&] { return absl::StatusOr<int>(left == 0 ? 0 : left--); }), IsOk());
  EXPECT_EQ(left, 0);
}

TEST(BatchesTest, EndAtAnError) {
  int calls = 0;
  EXPECT_THAT(Batches().Run([&]() -> absl::StatusOr<int> {
    if (++calls == 2) return absl::UnavailableError("away");
    return 1;
  }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(calls, 2);
}

TEST(BatchesTest, EndWhenTheServiceStopsThoughMuchIsLeft) {
  Batches batches;
  int calls = 0;
  EXPECT_THAT(batches.Run([&] {
    if (++calls == 2) batches.Stop();
    return absl::StatusOr<int>(100);
  }),
              IsOk());
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace rostrum::content
