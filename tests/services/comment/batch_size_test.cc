#include "services/comment/batch_size.h"

#include "gtest/gtest.h"

namespace rostrum::comment {
namespace {

TEST(BatchSizeTest, ASlowDatabaseGetsAsManyAsItWritesInTime) {
  BatchSize size(absl::Seconds(2));
  EXPECT_EQ(size.most(), 256u);
  for (int i = 0; i < 2; ++i) size.Took(4, absl::Milliseconds(20 + 4 * 20));
  EXPECT_EQ(size.most(), 50u) << "which take one second";
  size.Took(50, absl::Seconds(2));
  EXPECT_EQ(size.most(), 12u) << "one that was cut off has said enough";
  size.Took(1, absl::Seconds(2));
  EXPECT_EQ(size.most(), 4u) << "some are tried in any case";
}

TEST(BatchSizeTest, AFastOneGetsAll) {
  BatchSize size(absl::Seconds(2));
  for (int i = 0; i < 2; ++i) size.Took(1, absl::Milliseconds(15));  // the commit
  EXPECT_EQ(size.most(), 256u);
  for (int i = 0; i < 2; ++i) size.Took(2, absl::Milliseconds(100));  // to far away
  EXPECT_EQ(size.most(), 256u);
  for (int i = 0; i < 2; ++i) size.Took(200, absl::Milliseconds(60));
  EXPECT_EQ(size.most(), 256u);
}

TEST(BatchSizeTest, OneThatWasHeldUpDoesNotCount) {
  BatchSize size(absl::Seconds(2));
  size.Took(10, absl::Milliseconds(15));
  size.Took(1, absl::Seconds(1.5));
  EXPECT_EQ(size.most(), 256u);
  size.Took(10, absl::Milliseconds(15));
  EXPECT_EQ(size.most(), 256u);
}

}  // namespace
}  // namespace rostrum::comment
