#include <gumbo.h>

#include <array>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gateway/web/account_view.h"
#include "gateway/web/article_view.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/head_view.h"
#include "gateway/web/offer_times.h"
#include "gateway/web/post_list_view.h"
#include "gateway/web/syndication.h"
#include "gtest/gtest.h"
#include "services/common/rpc/proto_time.h"
#include "tests/gateway/web/rendering.h"
#include "web_templates.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;
namespace mpb = rostrum::comment::v1;
namespace spb = rostrum::subscription::v1;

// Each closes what it may stand in and goes on as markup.
const std::vector<std::string>& Hostile() {
  static const auto* const texts = new std::vector<std::string>{"\"><script>alert(1)</script>",
                                                                "'><img src=x onerror=alert(1)>",
                                                                "</script><script>x",
                                                                "javascript:alert(1)",
                                                                "{{#READER}}{{PAGE_TITLE}}",
                                                                "<!--",
                                                                "]]>",
                                                                "&lt;b&gt; \xE2\x80\xAE"};
  return *texts;
}

// What of a document only our own templates may write.
struct Found {
  int scripts = 0;
  int handlers = 0;       // attributes such as onerror
  int foreign_links = 0;  // addresses that are not on this site
};

void Walk(const GumboNode* node, Found& found) {
  if (node->type != GUMBO_NODE_ELEMENT) return;
  const GumboElement& element = node->v.element;
  if (element.tag == GUMBO_TAG_SCRIPT) ++found.scripts;
  for (unsigned i = 0; i < element.attributes.length; ++i) {
    const auto* attribute = static_cast<const GumboAttribute*>(element.attributes.data[i]);
    if (absl::StartsWith(attribute->name, "on")) ++found.handlers;
    const bool address = std::string(attribute->name) == "href" ||
                         std::string(attribute->name) == "src" ||
                         std::string(attribute->name) == "action";
    const bool ours = attribute->value[0] == '/' || attribute->value[0] == '#' ||
                      absl::StartsWith(attribute->value, "https://site.example/");
    if (address && !ours) ++found.foreign_links;
  }
  for (unsigned i = 0; i < element.children.length; ++i) {
    Walk(static_cast<const GumboNode*>(element.children.data[i]), found);
  }
}

Found Look(const std::string& html) {
  GumboOutput* output = gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size());
  Found found;
  Walk(output->root, found);
  gumbo_destroy_output(&kGumboDefaultOptions, output);
  return found;
}

// A post with `text` in every slot that people fill.
cpb::Post PostOf(const std::string& text, bool granted) {
  cpb::Post post;
  cpb::PostSummary& summary = *post.mutable_summary();
  summary.set_post_id("00000000-0000-7000-8000-000000000001");
  summary.set_slug(text);
  summary.set_title(text);
  summary.set_lede(text);
  summary.mutable_channel()->set_slug(text);
  summary.mutable_channel()->set_display_name(text);
  summary.mutable_author()->set_slug(text);
  summary.mutable_author()->set_display_name(text);
  cpb::Topic& topic = *summary.add_topics();
  topic.set_slug(text);
  topic.set_display_name(text);
  summary.mutable_picture()->set_media_id(text);
  summary.mutable_picture()->set_caption(text);
  summary.mutable_picture()->set_credit(text);
  summary.mutable_picture()->set_alt_text(text);
  summary.set_access_level(spb::ACCESS_LEVEL_PREMIUM);
  *summary.mutable_publish_time() = ToProtoTime(kNoon);
  post.mutable_access()->set_granted(granted);
  post.mutable_access()->set_reason(spb::ACCESS_REASON_PREMIUM);
  post.mutable_access()->mutable_offer()->set_state(spb::OFFER_STATE_OPEN);
  return post;
}

TEST(ViewsTest, NothingThatPeopleWroteBecomesMarkup) {
  for (const std::string& text : Hostile()) {
    for (const bool granted : {true, false}) {
      const cpb::Post post = PostOf(text, granted);
      const std::string html = Render(
          [&](auto& layout, auto& body) {
            layout.SetValue("PAGE_TITLE", text);
            layout.AddSectionDictionary("READER")->SetValue("READER_NAME", text);
            FillArticle(TheSite().words, post, "/here", false, body);
            FillArticleHead({"https://site.example", text}, post, layout);
            cpb::ListPostsResponse posts;
            *posts.add_posts() = post.summary();
            FillAuthorCard(TheSite().words, post.summary().author(), posts, body);
            FillFollowButton(TheSite().words, 1, text, text, false, text,
                             *body.AddSectionDictionary("FOLLOW"));
          },
          "article.tpl");
      const Found found = Look(html);
      EXPECT_EQ(found.scripts, 2) << "the module and the structured data: " << text;
      EXPECT_EQ(found.handlers, 0) << text;
      EXPECT_EQ(found.foreign_links, 0) << text;
    }
  }
}

TEST(ViewsTest, ACommentCannotBreakOut) {
  for (const std::string& text : Hostile()) {
    mpb::ListCommentsResponse comments;
    mpb::Comment& comment = *comments.add_comments();
    comment.set_comment_id(text);
    comment.mutable_author()->set_display_name(text);
    comment.mutable_author()->set_account_id("me");
    *comment.mutable_create_time() = ToProtoTime(kNoon);
    *comment.mutable_edit_end_time() = ToProtoTime(kNoon + absl::Minutes(15));
    DiscussionState state{
        .path = "/c/x/y", .account_id = "me", .now = kNoon, .typed = text, .typed_parent = text};
    mpb::Comment& reply = *comments.add_comments();
    reply = comment;
    reply.set_comment_id("reply");
    reply.set_parent_id(text);
    state.live_url = text;
    state.fragment = text;
    for (const std::string& html :
         {RenderDiscussion(comments, state), RenderConversation(comments, state)}) {
      const Found found = Look(html);
      EXPECT_EQ(found.scripts, 1) << text;
      EXPECT_EQ(found.handlers, 0) << text;
      EXPECT_EQ(found.foreign_links, 0) << text;
    }
  }
}

// The usual escape makes a space of each line break.
TEST(ViewsTest, WhereLinesMatterTheyAreKept) {
  const std::regex in_one_line("<(textarea|pre)[^>]*>\\{\\{[A-Z_]+\\}\\}");
  for (const EmbeddedFile& file : web_templates::Files()) {
    EXPECT_FALSE(std::regex_search(file.bytes.ToString(), in_one_line)) << file.name;
  }
}

TEST(ViewsTest, TheMeterSaysWhatIsLeftAndGreetsWhoWasHere) {
  cpb::Post post = PostOf("Title", true);
  spb::Meter& meter = *post.mutable_access()->mutable_meter();
  meter.set_limit(5);
  meter.set_remaining(3);
  meter.set_state(spb::METER_STATE_FREE);
  const auto render = [&] {
    return Render([&](auto&, auto& body) { FillArticle(TheSite().words, post, "/", false, body); },
                  "article.tpl");
  };
  EXPECT_TRUE(absl::StrContains(render(), "3 of 5 free reads left"));
  EXPECT_FALSE(absl::StrContains(render(), "START"));
  meter.set_state(spb::METER_STATE_ENDING);
  meter.set_remaining(1);
  EXPECT_FALSE(absl::StrContains(render(), "Thanks for coming back!"));
  meter.set_returning(true);
  const std::string ending = render();
  EXPECT_TRUE(absl::StrContains(ending, "Thanks for coming back!"));
  EXPECT_TRUE(absl::StrContains(ending, "START"));
  post.mutable_access()->mutable_offer()->set_state(spb::OFFER_STATE_EXPIRED);
  EXPECT_FALSE(absl::StrContains(render(), ">START<"));
  // Who has had a trial has the whole text, and no trial to skip.
  post.mutable_access()->clear_offer();
  EXPECT_TRUE(absl::StrContains(render(), "Members read everything."));
  EXPECT_TRUE(absl::StrContains(render(), "href=\"/join?return=/\">Join</a>"));
  EXPECT_FALSE(absl::StrContains(render(), "Skip the trial"));
}

TEST(ViewsTest, WhoIsSignedInStartsTheTrialWithOneButton) {
  const cpb::Post post = PostOf("Title", false);
  const auto render = [&](bool signed_in) {
    return Render(
        [&](auto&, auto& body) { FillArticle(TheSite().words, post, "/c/x/y", signed_in, body); },
        "article.tpl");
  };
  const std::string form = "<form method=\"post\" action=\"/trial\">";
  const std::string link = "href=\"/start?return=/c/x/y\"";
  EXPECT_TRUE(absl::StrContains(render(true), form));
  EXPECT_TRUE(absl::StrContains(render(true), "name=\"return\" value=\"/c/x/y\""));
  EXPECT_FALSE(absl::StrContains(render(true), link));
  EXPECT_TRUE(absl::StrContains(render(false), link));
  EXPECT_FALSE(absl::StrContains(render(false), form));
}

TEST(ViewsTest, WhatIsWrongWithAFieldIsTiedToIt) {
  const std::vector<std::array<std::string, 3>> fields = {
      {"account.tpl", "BIO", "bio-error"},           {"account.tpl", "NAME", "name-error"},
      {"comment_edit.tpl", "BODY", "comment-error"}, {"conversation.tpl", "BODY", "comment-error"},
      {"discussion.tpl", "BODY", "comment-error"},   {"search.tpl", "BODY", "search-error"},
  };
  for (const auto& [file, field, id] : fields) {
    const auto render = [&](bool wrong) {
      return Render(
          [&](auto&, auto& body) {
            FillCompose({}, body);
            if (wrong) body.AddSectionDictionary(field + "_ERROR")->SetValue("ERROR", "is wrong");
          },
          file);
    };
    const std::string html = render(true);
    EXPECT_TRUE(absl::StrContains(html, " aria-invalid=\"true\"")) << file;
    EXPECT_TRUE(absl::StrContains(html, "aria-describedby=\"" + id)) << file;
    EXPECT_TRUE(absl::StrContains(html, "id=\"" + id + "\"")) << file;
    EXPECT_FALSE(absl::StrContains(render(false), "aria-invalid")) << file;
    EXPECT_FALSE(absl::StrContains(render(false), id)) << file;
  }
}

TEST(ViewsTest, OnlyAMembershipThatIsPaidForCanBeCancelled) {
  const auto render = [](spb::MembershipState state) {
    spb::Membership membership;
    membership.set_state(state);
    *membership.mutable_period_end_time() = ToProtoTime(kNoon);
    *membership.mutable_grace_end_time() = ToProtoTime(kNoon + absl::Hours(24));
    return Render(
        [&](auto&, auto& body) { FillMembership(TheSite().words, membership, {}, nullptr, body); },
        "account.tpl");
  };
  const std::string cancel = "action=\"/account/cancel\"";
  const std::string resume = "action=\"/account/resume\"";
  const std::string join = "href=\"/join?return=/account\"";
  const std::string active = render(spb::MEMBERSHIP_STATE_ACTIVE);
  EXPECT_TRUE(absl::StrContains(active, cancel));
  EXPECT_FALSE(absl::StrContains(active, join));
  const std::string cancelled = render(spb::MEMBERSHIP_STATE_CANCELLED);
  EXPECT_TRUE(absl::StrContains(cancelled, resume));
  EXPECT_FALSE(absl::StrContains(cancelled, cancel));
  const std::string grace = render(spb::MEMBERSHIP_STATE_GRACE);
  EXPECT_FALSE(absl::StrContains(grace, cancel));
  EXPECT_FALSE(absl::StrContains(grace, resume));
  EXPECT_TRUE(absl::StrContains(grace, join));
  EXPECT_TRUE(absl::StrContains(grace, "2023-11-15T"));
}

std::string SitemapOf(const cpb::ListPostsResponse& posts) {
  Sitemap sitemap("https://site.example");
  sitemap.Add(posts);
  return std::move(sitemap).Finish();
}

TEST(SyndicationTest, ASitemapHasNoMoreAddressesThanItMay) {
  cpb::ListPostsResponse posts;
  for (int i = 0; i < 50'001; ++i) posts.add_posts()->set_slug("post");
  const std::string text = SitemapOf(posts);
  int addresses = 0;
  for (size_t at = text.find("<loc>"); at != std::string::npos; at = text.find("<loc>", at + 1)) {
    ++addresses;
  }
  EXPECT_EQ(addresses, 50'000);
  EXPECT_TRUE(absl::EndsWith(text, "</urlset>\n"));
}

TEST(SyndicationTest, FeedsHoldNoMarkupOfOthers) {
  for (const std::string& text : Hostile()) {
    cpb::ListPostsResponse posts;
    *posts.add_posts() = PostOf(text, false).summary();
    const Syndicate about{
        .title = text, .public_url = "https://site.example", .path = "/", .self_path = "/feed.rss"};
    for (const std::string& xml :
         {RssFeed(about, posts), AtomFeed(about, posts), SitemapOf(posts)}) {
      EXPECT_FALSE(absl::StrContains(xml, "<script")) << text;
      EXPECT_FALSE(absl::StrContains(xml, "<img")) << text;
      EXPECT_FALSE(absl::StrContains(xml, "<!--")) << text;
    }
  }
}

TEST(ViewsTest, OffersThatDifferInTheirTimesAreShownAsOnePage) {
  const auto access_at = [](absl::Time now) {
    spb::ReadingAccess access;
    *access.mutable_server_time() = ToProtoTime(now);
    access.mutable_offer()->set_state(spb::OFFER_STATE_OPEN);
    *access.mutable_offer()->mutable_expire_time() = ToProtoTime(now + absl::Hours(1));
    *access.mutable_offer()->mutable_next_offer_time() = ToProtoTime(now + absl::Hours(2));
    return access;
  };
  spb::ReadingAccess one = access_at(kNoon);
  spb::ReadingAccess other = access_at(kNoon + absl::Seconds(1));
  const std::vector<std::string> times = TakeOfferTimes(one);
  EXPECT_EQ(times.size(), OfferPlaceholders().size());
  EXPECT_NE(TakeOfferTimes(other), times);
  EXPECT_EQ(one.SerializeAsString(), other.SerializeAsString());

  other.clear_offer();
  EXPECT_TRUE(TakeOfferTimes(other).empty());
}

}  // namespace
}  // namespace rostrum::gateway
