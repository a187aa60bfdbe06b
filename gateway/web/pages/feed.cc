#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/web/article_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/post_list_view.h"
#include "gateway/web/rpcs.h"

namespace rostrum::gateway {
namespace {

namespace fpb = rostrum::feed::v1;

constexpr int kItemsPerPage = 20;
constexpr int kSuggestions = 100;

// "You follow Geopolitics and The Long View."
std::string ReasonsOf(const Words& words, const fpb::FeedItem& item) {
  std::vector<std::string> names;
  for (const fpb::FeedReason& reason : item.reasons()) names.push_back(reason.display_name());
  return words.Format("FEED_REASON", {{"names", absl::StrJoin(names, ", ")}});
}

asio::awaitable<void> Suggest(Page& page, ctemplate::TemplateDictionary& values) {
  content::v1::ListChannelsRequest request;
  request.set_page_size(kSuggestions);
  const auto channels = co_await page.calls.CallShared(rpcs::kListChannels, request);
  if (!channels.ok()) co_return;
  const content::v1::ListChannelsResponse& list = **channels;
  if (list.channels().empty()) co_return;
  ctemplate::TemplateDictionary& suggest = *values.AddSectionDictionary("SUGGEST");
  if (!list.next_page_token().empty()) suggest.ShowSection("MORE");
  for (const content::v1::Channel& channel : list.channels()) {
    ctemplate::TemplateDictionary& item = *suggest.AddSectionDictionary("CHANNEL");
    item.SetValue("SLUG", channel.slug());
    item.SetValue("NAME", channel.display_name());
    item.SetValue("ABOUT", channel.description());
    FillFollowButton(page.site.words, fpb::FOLLOW_KIND_CHANNEL, channel.channel_id(),
                     channel.display_name(), false, "/feed", item);
  }
}

PageAnswer FeedPage(Page& page) {
  fpb::ListFeedRequest request;
  request.set_page_size(kItemsPerPage);
  request.set_page_token(page.query.Get("page"));
  const auto feed = co_await page.calls.Call(rpcs::kListFeed, request);
  if (IsPageTokenError(feed.status())) co_return page.Redirect("/feed");
  if (!feed.ok()) co_return page.Fail(feed.status());
  ctemplate::TemplateDictionary& values = page.UseTemplate("feed.tpl");
  values.SetValue("SINCE", absl::StrCat(absl::ToUnixMillis(page.site.clock.Now())));
  const auto state = co_await page.calls.Call(rpcs::kGetFeedState, fpb::GetFeedStateRequest());
  values.SetIntValue("UNREAD_COUNT", state.ok() ? state->unread_count() : 0);
  if (feed->follows_nothing()) co_await Suggest(page, values);
  if (feed->items().empty()) values.ShowSection("EMPTY");
  bool unread = false;
  for (const fpb::FeedItem& item : feed->items()) {
    ctemplate::TemplateDictionary& entry = AddPost(page.site.words, item.post(), values);
    if (item.unread()) entry.ShowSection("UNREAD");
    unread = unread || item.unread();
    entry.AddSectionDictionary("REASON")->SetValue("TEXT", ReasonsOf(page.site.words, item));
  }
  // All is everything up to the first item of the feed.
  const bool newest = request.page_token().empty();
  if (unread && newest) {
    values.AddSectionDictionary("SEEN")->SetValue("MARK", feed->items(0).mark());
  }
  if (!newest) {
    values.AddSectionDictionary("NEWEST")->SetValue("URL", "/feed");
  }
  AddPager("/feed", "", feed->next_page_token(), values);
  co_return page.Show(page.site.words.Get("NAV_FEED"));
}

PageAnswer MarkSeen(Page& page) {
  fpb::MarkFeedSeenRequest request;
  request.set_mark(page.form.Get("mark"));
  const auto state = co_await page.calls.Call(rpcs::kMarkFeedSeen, request);
  if (!state.ok()) co_return page.Fail(state.status());
  co_return page.Redirect("/feed");
}

}  // namespace

void AddFeedPages(PageRoutes& routes) {
  routes.push_back({"GET", "/feed", FeedPage});
  routes.push_back({"POST", "/feed/seen", MarkSeen});
}

}  // namespace rostrum::gateway
