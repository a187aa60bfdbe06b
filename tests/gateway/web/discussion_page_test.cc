// Pages of discussions and rooms that lead to one comment, however old it is.
#include "gateway/web/discussion_page.h"

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "tests/gateway/web/site_fixture.h"

namespace rostrum::gateway {
namespace {

namespace mpb = rostrum::comment::v1;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kComments = 300;

// Comment 0 is the oldest of 300.
absl::StatusOr<mpb::ListCommentsResponse> List(const mpb::ListCommentsRequest& request) {
  const bool newest_first = request.order() == mpb::COMMENT_ORDER_NEWEST;
  int next = newest_first ? kComments - 1 : 0;
  if (const std::string& from = request.from_comment_id(); !from.empty()) {
    if (from == "none") return Error(absl::StatusCode::kNotFound, "COMMENT_NOT_FOUND", "not here");
    if (from == "away") return absl::UnavailableError("away");
    if (!absl::SimpleAtoi(from, &next)) return InvalidField("from_comment_id", "INVALID", "no id");
  }
  mpb::ListCommentsResponse response;
  for (int i = 0; i < request.page_size() && next >= 0 && next < kComments; ++i) {
    response.add_comments()->set_comment_id(std::to_string(next));
    next += newest_first ? -1 : 1;
  }
  response.set_next_page_token(absl::StrCat("after", next));
  return response;
}

std::string Tag(int comment) { return absl::StrCat("id=\"comment-", comment, "\""); }

class DiscussionPageTest : public SiteTest {
 protected:
  DiscussionPageTest() {
    feed::v1::Room room;
    room.set_may_enter(true);
    room.set_joined(true);
    told_.Answer(rpcs::kGetRoom, room);
    told_.Answer(rpcs::kListRoomMembers, {});
    told_.AnswerBy(rpcs::kListComments, List);
  }
};

TEST_F(DiscussionPageTest, AnOldCommentIsShownAmongThoseBeforeAndAfterIt) {
  for (const auto& [path, headers, around] :
       std::vector<std::tuple<std::string, Headers, int>>{{"/c/world/peace", {}, 50},
                                                          {"/c/world/peace", SignedIn(), 50},
                                                          {"/rooms/world", SignedIn(), 25}}) {
    const std::string page(Get(path + "?comment=70", headers).bytes());
    for (int i = 70 - around + 1; i < 70 + around; ++i) {
      EXPECT_EQ(page.find(Tag(i)), page.rfind(Tag(i))) << i << " is there twice";
      EXPECT_LT(page.find(Tag(i)), page.find(Tag(i + 1))) << i;
    }
    EXPECT_THAT(page, Not(HasSubstr(Tag(70 - around))));
    EXPECT_THAT(page, Not(HasSubstr(Tag(70 + around))));
    EXPECT_THAT(page, HasSubstr(absl::StrCat("=after", 70 - around))) << "to the earlier ones";
    EXPECT_THAT(page, HasSubstr(absl::StrCat("<a href=\"", path))) << "to the latest";
    EXPECT_THAT(page, Not(HasSubstr("data-live=")));
  }
}

TEST_F(DiscussionPageTest, AmongTheLatestItIsShownLive) {
  for (const std::string path : {"/c/world/peace", "/rooms/world"}) {
    const std::string page = Shown(path + "?comment=290");
    EXPECT_THAT(page, HasSubstr(Tag(290)));
    EXPECT_THAT(page, HasSubstr(Tag(299)));
    EXPECT_THAT(page, HasSubstr("data-live="));
  }
}

TEST_F(DiscussionPageTest, VisitorsHaveOneCachedPageHoweverTheyCame) {
  const auto shown = [&](const char* query) {
    return std::string(Get(absl::StrCat("/c/world/peace", query)).bytes());
  };
  shown("?comment=290");
  const std::string page = shown("");
  EXPECT_THAT(page, Not(HasSubstr("return=%2Fc%2Fworld%2Fpeace%3Fcomment")));
  told_.Refuse(rpcs::kListComments, absl::UnavailableError("away"));
  EXPECT_EQ(shown(""), page);
  EXPECT_EQ(shown("?comment=290"), page);
  EXPECT_EQ(shown("?from=elsewhere"), page);
  EXPECT_THAT(shown("?comment=70"), HasSubstr("cannot be shown"));
}

TEST_F(DiscussionPageTest, ACommentThatIsNotThereLeadsToTheLatest) {
  for (const char* id : {"none", "bad"}) {
    const std::string path = absl::StrCat("/c/world/peace?comment=", id);
    for (const std::string& page : {Shown(path), std::string(Get(path).bytes())}) {
      EXPECT_THAT(page, HasSubstr(Tag(299))) << id;
      EXPECT_THAT(page, HasSubstr("data-live=")) << id;
    }
  }
  EXPECT_THAT(Shown("/c/world/peace?comment=away"), HasSubstr("cannot be shown"));
}

TEST_F(DiscussionPageTest, EarlierCommentsAreNotLive) {
  EXPECT_THAT(Shown("/c/world/peace?comments=token"), Not(HasSubstr("data-live=")));
  EXPECT_EQ(told_.Asked(rpcs::kListComments).page_token(), "token");
  EXPECT_THAT(Shown("/rooms/world?before=token"), Not(HasSubstr("data-live=")));
  EXPECT_EQ(told_.Asked(rpcs::kListComments).page_token(), "token");
}

}  // namespace
}  // namespace rostrum::gateway
