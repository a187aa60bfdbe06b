#include "gateway/web/discussion_view.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "services/common/rpc/proto_time.h"
#include "tests/gateway/web/rendering.h"

namespace rostrum::gateway {
namespace {

namespace mpb = rostrum::comment::v1;

TEST(DiscussionViewTest, RepliesStandAfterWhatTheyReplyTo) {
  mpb::ListCommentsResponse comments;  // newest first
  for (const auto& [id, parent] : std::vector<std::pair<std::string, std::string>>{
           {"e", "gone"}, {"d", "c"}, {"c", "a"}, {"b", ""}, {"a", ""}}) {
    mpb::Comment& comment = *comments.add_comments();
    comment.set_comment_id(id);
    comment.set_parent_id(parent);
  }
  comments.set_next_page_token("before");
  const std::string html = RenderDiscussion(comments, {.path = "/c/x/y"});
  std::string order;
  for (size_t at = html.find("id=\"comment-"); at != std::string::npos;
       at = html.find("id=\"comment-", at + 1)) {
    order += html[at + 12];
  }
  EXPECT_EQ(order, "acdbe");
  // Only "e" does not stand under what it is a reply to.
  const size_t earlier = html.find("In reply to an earlier comment");
  EXPECT_GT(earlier, html.find("id=\"comment-e\""));
  EXPECT_EQ(html.find("In reply to", earlier + 1), std::string::npos);
  EXPECT_NE(html.find("<a href=\"/c/x/y?comment=gone#comment-gone\">In reply to"),
            std::string::npos);
  EXPECT_NE(html.find("href=\"/c/x/y?comment=a#comment-a\""), std::string::npos);
  EXPECT_NE(html.find("/c/x/y?comments=before#discussion"), std::string::npos);
  // From earlier comments a link leads back to the latest, which are live.
  const std::string back = "<a href=\"/c/x/y#discussion\">";
  EXPECT_NE(html.find(back), std::string::npos);
  const DiscussionState latest{.path = "/c/x/y", .live_url = "/live/posts/y"};
  EXPECT_EQ(RenderDiscussion(comments, latest).find(back), std::string::npos);
}

TEST(DiscussionViewTest, AConversationRunsInTheOrderOfTimeAndNamesWhatIsAnswered) {
  mpb::ListCommentsResponse comments;  // newest first
  for (const auto& [id, parent] :
       std::vector<std::pair<std::string, std::string>>{{"c", "a"}, {"b", "older"}, {"a", ""}}) {
    mpb::Comment& comment = *comments.add_comments();
    comment.set_comment_id(id);
    comment.set_parent_id(parent);
    comment.mutable_author()->set_display_name("Author of " + id);
  }
  const std::string html = RenderConversation(comments, {.path = "/rooms/x"});
  EXPECT_LT(html.find("id=\"comment-a\""), html.find("id=\"comment-b\""));
  EXPECT_LT(html.find("id=\"comment-b\""), html.find("id=\"comment-c\""));
  EXPECT_TRUE(absl::StrContains(html, "<a href=\"#comment-a\">In reply to Author of a</a>"));
  EXPECT_TRUE(absl::StrContains(html,
                                "<a href=\"/rooms/x?comment=older#comment-older\">"
                                "In reply to an earlier message</a>"));
}

TEST(DiscussionViewTest, AReplyIsOfferedWhereItCanBeMadeAndNamesWhoIsAnswered) {
  mpb::ListCommentsResponse comments;
  mpb::Comment& comment = *comments.add_comments();
  comment.set_comment_id("a");
  comment.mutable_author()->set_display_name("Ana");
  DiscussionState state{.path = "/c/x/y", .account_id = "me", .now = kNoon};
  comment.set_depth(6);
  EXPECT_TRUE(absl::StrContains(RenderDiscussion(comments, state), ">Reply to Ana<"));
  comment.set_depth(7);
  EXPECT_FALSE(absl::StrContains(RenderDiscussion(comments, state), ">Reply to Ana<"));
  // Refused, it is in the form below, where the browser goes then.
  state.typed_parent = "a";
  for (const std::string& html :
       {RenderDiscussion(comments, state), RenderConversation(comments, state)}) {
    EXPECT_TRUE(absl::StrContains(html, ">Reply to Ana</label>"));
    EXPECT_TRUE(absl::StrContains(html, "id=\"comment-form\""));
    EXPECT_TRUE(absl::StrContains(html, "/comments#comment-form\""));
  }
  state.typed_parent = "of another page";
  EXPECT_TRUE(absl::StrContains(RenderDiscussion(comments, state), ">Your reply</label>"));
}

TEST(DiscussionViewTest, DeletingTakesTwoStepsAndLeavesAMark) {
  mpb::ListCommentsResponse comments;
  mpb::Comment& comment = *comments.add_comments();
  comment.set_comment_id("a");
  comment.mutable_author()->set_account_id("me");
  const DiscussionState state{.path = "/rooms/x", .account_id = "me", .now = kNoon};
  EXPECT_TRUE(
      absl::StrContains(RenderConversation(comments, state), "<details><summary>Delete</summary>"));
  *comment.mutable_delete_time() = ToProtoTime(kNoon);
  EXPECT_TRUE(absl::StrContains(RenderDiscussion(comments, state), "This comment was deleted"));
  comment.set_channel_id("x");
  EXPECT_TRUE(absl::StrContains(RenderConversation(comments, state), "This message was deleted"));
}

}  // namespace
}  // namespace rostrum::gateway
