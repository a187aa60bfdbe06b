#include "services/common/base/ids.h"

#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

const absl::Time kNow = absl::FromUnixMillis(0x0123456789AB);

TEST(NewUuidTest, IsACanonicalVersion7Uuid) {
  const std::string uuid = NewUuid(kNow);
  EXPECT_TRUE(IsUuid(uuid)) << uuid;
  EXPECT_EQ(uuid[14], '7');
  EXPECT_THAT(std::string("89ab"), testing::HasSubstr(std::string(1, uuid[19])));
}

TEST(NewUuidTest, BeginsWithTheTimeInMilliseconds) {
  const std::string digits = absl::StrReplaceAll(NewUuid(kNow), {{"-", ""}});
  EXPECT_EQ(digits.substr(0, 12), "0123456789ab");
}

TEST(NewUuidTest, SortsByTime) { EXPECT_LT(NewUuid(kNow), NewUuid(kNow + absl::Milliseconds(1))); }

TEST(NewUuidTest, NeverRepeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(NewUuid(kNow)).second);
}

TEST(ParseIdTest, TakesWhatNewUuidMakes) {
  const std::string uuid = NewUuid(kNow);
  EXPECT_THAT(ParseId<PostId>(uuid, "post_id"), IsOkAndHolds(PostId(uuid)));
}

TEST(ParseIdTest, NamesTheFieldOfWhatIsNoUuid) {
  const std::string good = "01234567-89ab-7def-8123-456789abcdef";
  ASSERT_TRUE(IsUuid(good));
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "0",
        std::string("01234567-89AB-7def-8123-456789abcdef"),
        std::string("0123456789ab-7def-8123-4567-89abcdef"),
        std::string("01234567-89ab-7def-8123-456789abcdeg"), std::string(36, '-'),
        std::string("01234567-89ab-7def-8123-456789abcd\0f", 36)}) {
    const absl::StatusOr<PostId> id = ParseId<PostId>(bad, "post_id");
    EXPECT_THAT(id, StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
    EXPECT_THAT(id, HasReason("INVALID_ID"));
    EXPECT_THAT(id, HasViolation("post_id"));
  }
}

}  // namespace
}  // namespace rostrum
