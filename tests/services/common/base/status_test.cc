#include "services/common/base/status.h"

#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Characters(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "ж";
  return text;
}

std::string ReasonOfText(const std::string& text, size_t max, bool multiline) {
  FieldChecks checks;
  checks.RequireText(text, "name", max, multiline);
  return ReasonOf(checks.status());
}

TEST(ErrorDetailsTest, ComeBackWhole) {
  ErrorDetails details;
  details.reason = "OFFER_EXPIRED";
  details.domain = "subscription.rostrum";
  details.metadata = {{"a", "1:2"}, {"", std::string("\0x", 2)}};
  details.violations = {{"post.title", "TOO_LONG", "must be short"}, {"b", "", ""}};
  details.retry_after = absl::Milliseconds(1500);
  const ErrorDetails back =
      DetailsOf(WithDetails(absl::StatusCode::kUnavailable, "later", details));
  EXPECT_EQ(back.reason, details.reason);
  EXPECT_EQ(back.domain, details.domain);
  EXPECT_EQ(back.metadata, details.metadata);
  EXPECT_EQ(back.violations, details.violations);
  EXPECT_EQ(back.retry_after, details.retry_after);
}

TEST(ErrorDetailsTest, AreEmptyOfAPlainStatus) {
  const ErrorDetails details = DetailsOf(absl::NotFoundError("none"));
  EXPECT_EQ(details.reason, "");
  EXPECT_TRUE(details.violations.empty());
  EXPECT_FALSE(details.retry_after.has_value());
}

TEST(HasBeenTriedAnewTest, IsWhatAnotherServiceIsTheCauseOf) {
  EXPECT_TRUE(HasBeenTriedAnew(ServiceUnavailable("subscription")));
  const absl::Status unknown = RetryLater(absl::StatusCode::kUnavailable, "ACCESS_UNKNOWN",
                                          "not to be found out", absl::Seconds(5));
  EXPECT_TRUE(HasBeenTriedAnew(CausedBy("subscription", unknown)));
  EXPECT_THAT(CausedBy("subscription", unknown), HasReason("ACCESS_UNKNOWN"));
  EXPECT_EQ(DetailsOf(CausedBy("subscription", unknown)).retry_after, absl::Seconds(5));
  ErrorDetails passed_on = DetailsOf(Unavailable("away"));
  passed_on.domain = "subscription.rostrum";
  EXPECT_TRUE(HasBeenTriedAnew(WithDetails(absl::StatusCode::kUnavailable, "away", passed_on)));

  EXPECT_FALSE(HasBeenTriedAnew(Unavailable("the database cannot be reached")));
  EXPECT_FALSE(HasBeenTriedAnew(unknown));
  EXPECT_FALSE(HasBeenTriedAnew(absl::UnavailableError("plain")));
  EXPECT_FALSE(HasBeenTriedAnew(absl::OkStatus()));
  passed_on.reason = "NOT_FOUND";
  EXPECT_FALSE(HasBeenTriedAnew(WithDetails(absl::StatusCode::kNotFound, "none", passed_on)));
}

TEST(InvalidFieldsTest, NamesEveryField) {
  const absl::Status status =
      InvalidFields({{"a", "REQUIRED", "must not be empty"}, {"b", "TOO_LONG", "must be short"}});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(status, HasReason("INVALID_FIELDS"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("a must not be empty; b must be short"));
}

TEST(InvalidFieldsTest, TakesTheReasonThatAllShare) {
  EXPECT_THAT(InvalidField("page_token", "PAGE_TOKEN_INVALID", "is wrong"),
              HasReason("PAGE_TOKEN_INVALID"));
}

TEST(FieldChecksTest, IsOkWhenAllIsWell) {
  FieldChecks checks;
  checks.Require(true, "a", "X", "x");
  checks.RequireText("Ann", "name", 3);
  checks.OptionalText("", "about", 3);
  EXPECT_THAT(checks.status(), IsOk());
}

TEST(FieldChecksTest, CollectsAll) {
  FieldChecks checks;
  checks.Require(false, "a", "X", "x");
  checks.RequireText("", "name", 3);
  checks.OptionalText("long", "about", 3);
  EXPECT_THAT(DetailsOf(checks.status()).violations,
              ElementsAre(FieldViolation{"a", "X", "x"},
                          FieldViolation{"name", "REQUIRED", "must not be empty"},
                          FieldViolation{"about", "TOO_LONG", "must have at most 3 characters"}));
}

TEST(RequireTextTest, CountsCharactersNotBytes) {
  EXPECT_EQ(ReasonOfText(Characters(10), 10, false), "");
  EXPECT_EQ(ReasonOfText(Characters(11), 10, false), "TOO_LONG");
}

TEST(RequireTextTest, TakesWhatShowsNothingForEmpty) {
  for (const std::string blank : {"", " ", " \n\t ", "\u00a0\u2003", "\u200b\ufeff"}) {
    EXPECT_EQ(ReasonOfText(blank, 10, true), "REQUIRED");
  }
}

TEST(RequireTextTest, RefusesInvalidUtf8) {
  // A stray byte, overlong, a surrogate, above the last code point, cut short.
  for (const std::string bad :
       {"\xff", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "abc\xe2\x82"}) {
    EXPECT_EQ(ReasonOfText(bad, 10, true), "INVALID_UTF8");
  }
}

TEST(RequireTextTest, RefusesControlCharacters) {
  for (const std::string& bad : {std::string("a\0b", 3), std::string("a\x1b[0m"),
                                 std::string("a\x7f"), std::string("a\u0085")}) {
    EXPECT_EQ(ReasonOfText(bad, 10, true), "CONTROL_CHARACTER");
  }
}

TEST(RequireTextTest, AllowsLineBreaksWhereMultiline) {
  EXPECT_EQ(ReasonOfText("a\r\n\tb", 10, true), "");
  EXPECT_EQ(ReasonOfText("a\nb", 10, false), "CONTROL_CHARACTER");
  EXPECT_EQ(ReasonOfText("a\u2028b", 10, false), "CONTROL_CHARACTER");
}

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return absl::InvalidArgumentError("odd");
  return number / 2;
}
absl::StatusOr<int> Quarter(int number) {
  ASSIGN_OR_RETURN(const int half, Half(number));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  RETURN_IF_ERROR(Half(0));
  return quarter;
}

TEST(MacrosTest, PassErrorsOn) {
  EXPECT_THAT(Quarter(8), IsOkAndHolds(2));
  EXPECT_THAT(Quarter(6), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace rostrum
