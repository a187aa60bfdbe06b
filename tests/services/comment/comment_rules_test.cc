#include "services/comment/comment.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"

namespace rostrum::comment {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
const AccountId kWriter("00000000-0000-7000-8000-000000000001");
const AccountId kOther("00000000-0000-7000-8000-000000000002");

Comment Written() {
  return {.author_id = kWriter, .body = "first", .body_html = "<p>first</p>", .create_time = kNoon};
}

TEST(EditTest, ChangesTheBodyWithinFifteenMinutes) {
  Comment comment = Written();
  const absl::Time late = kNoon + absl::Minutes(15) - absl::Microseconds(1);
  ASSERT_TRUE(Edit(comment, kWriter, "", "second", "<p>second</p>", late).ok());
  EXPECT_EQ(comment.body, "second");
  EXPECT_EQ(comment.edit_time, late);
  EXPECT_EQ(comment.version, 2);
}

TEST(EditTest, IsClosedAfterFifteenMinutes) {
  Comment comment = Written();
  const absl::Status status = Edit(comment, kWriter, "", "second", "", kNoon + absl::Minutes(15));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "EDIT_WINDOW_CLOSED");
  EXPECT_EQ(comment.body, "first");
}

TEST(EditTest, IsForTheAuthorOnly) {
  Comment comment = Written();
  EXPECT_EQ(ReasonOf(Edit(comment, kOther, "", "second", "", kNoon)), "NOT_YOURS");
}

TEST(EditTest, WantsTheCurrentEtag) {
  Comment comment = Written();
  EXPECT_EQ(ReasonOf(Edit(comment, kWriter, "\"7\"", "second", "", kNoon)), "ETAG_MISMATCH");
  EXPECT_TRUE(Edit(comment, kWriter, "\"1\"", "second", "", kNoon).ok());
}

TEST(EditTest, OfTheSameBodyChangesNothing) {
  Comment comment = Written();
  ASSERT_TRUE(Edit(comment, kWriter, "", "first", "<p>first</p>", kNoon).ok());
  EXPECT_EQ(comment.version, 1);
  EXPECT_FALSE(comment.edit_time.has_value());
}

TEST(DeleteTest, TakesTheWordsAndLeavesTheMark) {
  Comment comment = Written();
  ASSERT_TRUE(Delete(comment, kWriter, "", kNoon + absl::Hours(100)).ok());
  EXPECT_TRUE(comment.deleted());
  EXPECT_EQ(comment.body, "");
  EXPECT_EQ(comment.body_html, "");
}

TEST(DeleteTest, TwiceChangesNothing) {
  Comment comment = Written();
  ASSERT_TRUE(Delete(comment, kWriter, "", kNoon).ok());
  ASSERT_TRUE(Delete(comment, kWriter, "\"1\"", kNoon + absl::Hours(1)).ok());
  EXPECT_EQ(comment.delete_time, kNoon);
  EXPECT_EQ(comment.version, 2);
}

TEST(DeleteTest, IsForTheAuthorOnly) {
  Comment comment = Written();
  EXPECT_EQ(ReasonOf(Delete(comment, kOther, "", kNoon)), "NOT_YOURS");
}

TEST(EditTest, IsNotForWhatWasDeleted) {
  Comment comment = Written();
  ASSERT_TRUE(Delete(comment, kWriter, "", kNoon).ok());
  EXPECT_EQ(ReasonOf(Edit(comment, kWriter, "", "back", "", kNoon)), "COMMENT_DELETED");
}

TEST(ReplyTest, EndsWhereTheThreadIsAsDeepAsItCanBe) {
  Comment parent = Written();
  parent.depth = kMaxDepth - 2;
  EXPECT_TRUE(CheckReplyTo(parent).ok());
  parent.depth = kMaxDepth - 1;
  EXPECT_EQ(ReasonOf(CheckReplyTo(parent)), "TOO_DEEP");
}

TEST(ReplyTest, IsNotForWhatWasDeleted) {
  Comment parent = Written();
  ASSERT_TRUE(Delete(parent, kWriter, "", kNoon).ok());
  EXPECT_EQ(ReasonOf(CheckReplyTo(parent)), "PARENT_DELETED");
}

}  // namespace
}  // namespace rostrum::comment
