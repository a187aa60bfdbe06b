// VIP rooms, and what is changed of the messages there.
#include <string>

#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "tests/gateway/web/site_fixture.h"

namespace rostrum::gateway {
namespace {

namespace fpb = rostrum::feed::v1;
namespace mpb = rostrum::comment::v1;
using ::testing::HasSubstr;

// Ana is in the room, alone.
class RoomPagesTest : public SiteTest {
 protected:
  RoomPagesTest() {
    room_.set_may_enter(true);
    room_.set_joined(true);
    room_.set_member_count(1);
    told_.Answer(rpcs::kGetRoom, room_);
    told_.Answer(rpcs::kListRoomMembers, {});
    told_.Answer(rpcs::kListComments, {});
  }
  fpb::Room room_;
  const Headers ana_ = SignedIn();
};

TEST_F(RoomPagesTest, AConversationThatIsAwayIsMissedInItsPlace) {
  told_.Refuse(rpcs::kListComments, absl::UnavailableError("away"));
  const std::string page = Shown("/rooms/world");
  const size_t away = page.find("The room cannot be shown at this moment.");
  EXPECT_GT(away, page.find("<section class=\"discussion conversation\""));
  EXPECT_LT(away, page.find("</section>"));
}

TEST_F(RoomPagesTest, ARoomSaysHowManyHaveJoined) {
  EXPECT_THAT(Shown("/rooms/world"), HasSubstr("1 member is in it."));
  room_.set_joined(false);
  room_.set_member_count(0);
  told_.Answer(rpcs::kGetRoom, room_);
  EXPECT_THAT(Shown("/rooms/world"), HasSubstr("Nobody has joined it yet."));
}

TEST_F(RoomPagesTest, AScriptIsToldWhereItsMessageIs) {
  mpb::Comment message;
  message.set_comment_id("m");
  told_.Answer(rpcs::kCreateComment, message);
  Headers headers = ana_;
  EXPECT_EQ(Post("/rooms/world/comments", "body=Hello", headers).status, 303);
  headers.emplace_back("Prefer", "return=minimal");
  const http::HttpResponse response = Post("/rooms/world/comments", "body=Hello", headers);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(Header(response, "Location"), "/rooms/world?comment=m#comment-m");
}

TEST_F(RoomPagesTest, MessagesAreNotCalledComments) {
  told_.Answer(rpcs::kGetComment, {});
  EXPECT_THAT(Shown("/comments/m/edit?return=/rooms/world"),
              HasSubstr("<h1>Edit your message</h1>"));
  told_.Refuse(rpcs::kUpdateComment, InvalidField("comment.body", "REQUIRED", "is empty"));
  EXPECT_THAT(std::string(Post("/comments/m/edit", "body=&return=/rooms/world", ana_).bytes()),
              HasSubstr("<h1>Edit your message</h1>"));
  EXPECT_THAT(Shown("/comments/m/edit?return=/c/x/y"), HasSubstr("<h1>Edit your comment</h1>"));
}

}  // namespace
}  // namespace rostrum::gateway
