#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/web/article_view.h"
#include "gateway/web/head_view.h"
#include "gateway/web/pages/follows.h"
#include "gateway/web/pages/list_subject.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/post_list_view.h"
#include "gateway/web/rpcs.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

constexpr int kPostsPerPage = 20;
constexpr int kEntriesPerCall = 100;

// The other pages have no lasting address, so they have none of their own to tell.
void FillHeadOfFirst(Page& page, const ListSubject& subject) {
  const bool is_home = subject.path == "/";
  const std::string about =
      subject.about.empty() ? page.site.words.Get("SITE_DESCRIPTION") : subject.about;
  const SiteNames site{page.site.public_url, page.site.name};
  FillListHead(site,
               {.path = subject.path,
                .title = is_home ? page.site.name : subject.name,
                .description = about},
               page.Layout());
}

// A list of posts. If not all are shown, `others` is the rest of the query ("level=premium") and
// `shown` the heading ("Premium posts by Ana").
PageAnswer ShowPosts(Page& page, ListSubject subject, std::string others = "",
                     std::string shown = "") {
  cpb::ListPostsRequest request = subject.posts;
  request.set_page_size(kPostsPerPage);
  request.set_page_token(page.query.Get("page"));
  const auto loaded = co_await page.calls.CallShared(rpcs::kListPosts, request);
  const std::string first = absl::StrCat(subject.path, others.empty() ? "" : "?", others);
  if (IsPageTokenError(loaded.status())) co_return page.Redirect(first);
  if (!loaded.ok()) co_return page.Fail(loaded.status());
  if (const auto made = page.FindMade(subject.path)) co_return made->Answer(page.request);
  const cpb::ListPostsResponse& posts = **loaded;
  ctemplate::TemplateDictionary& values = page.UseTemplate("posts.tpl");
  const std::string& heading = others.empty() ? subject.name : shown;
  values.SetValue("HEADING", heading);
  if (!others.empty()) {
    values.AddSectionDictionary("FILTERED")->SetValue("PATH", subject.path);
  }
  if (subject.author.has_value()) FillAvatar(*subject.author, values);
  if (!subject.about.empty()) {
    values.AddSectionDictionary("ABOUT")->SetValue("TEXT", subject.about);
    page.Describe(subject.about);
  }
  if (!subject.room.empty()) values.AddSectionDictionary("ROOM")->SetValue("SLUG", subject.room);
  if (subject.kind != feed::v1::FOLLOW_KIND_UNSPECIFIED) {
    co_await AddFollowButton(page, subject.kind, subject.id, subject.name, subject.path, values);
  }
  if (posts.posts().empty()) values.ShowSection("EMPTY");
  for (const cpb::PostSummary& post : posts.posts()) AddPost(page.site.words, post, values);
  if (request.page_token().empty()) {
    FillHeadOfFirst(page, subject);
  } else {
    values.AddSectionDictionary("NEWEST")->SetValue("URL", first);
  }
  AddPager(subject.path, others, posts.next_page_token(), values);
  AdvertiseFeeds(subject.path, subject.name, page.Layout());
  co_return page.KeepMade(subject.path, page.Render(subject.path == "/" ? "" : heading));
}

PageAnswer HomePage(Page& page) {
  ListSubject home{.path = "/", .name = page.site.words.Get("NAV_HOME")};
  co_return co_await ShowPosts(page, std::move(home));
}

PageHandler PostsOf(SubjectLoader load) {
  return [load](Page& page) -> PageAnswer {
    auto subject = co_await load(page);
    if (!subject.ok()) co_return page.Fail(subject.status());
    co_return co_await ShowPosts(page, *std::move(subject));
  };
}

PageAnswer AuthorPage(Page& page) {
  auto subject = co_await LoadAuthor(page);
  if (!subject.ok()) co_return page.Fail(subject.status());
  std::string others;
  std::string shown;
  if (page.query.Get("level") == "premium") {
    subject->posts.set_access_level(subscription::v1::ACCESS_LEVEL_PREMIUM);
    others = "level=premium";
    shown = page.site.words.Format("LIST_PREMIUM_BY", {{"author", subject->name}});
  }
  co_return co_await ShowPosts(page, *std::move(subject), std::move(others), std::move(shown));
}

// Adds the entries of one list of the catalog.
template <class Entries, class Fill>
void AddEntries(const Entries& entries, const char* section, Fill fill,
                ctemplate::TemplateDictionary& values) {
  for (const auto& entry : entries) {
    ctemplate::TemplateDictionary& item = *values.AddSectionDictionary(section);
    item.SetValue("SLUG", entry.slug());
    item.SetValue("NAME", entry.display_name());
    fill(entry, item);
  }
}

template <class R>
using ListParts = std::vector<std::shared_ptr<const typename R::Response>>;

// Loads a whole list of the catalog, however many calls it takes.
template <class R>
asio::awaitable<absl::Status> LoadAll(Page& page, const R rpc, ListParts<R>& parts) {
  typename R::Request request;
  request.set_page_size(kEntriesPerCall);
  do {
    const auto part = co_await page.calls.CallShared(rpc, request);
    if (!part.ok()) co_return part.status();
    parts.push_back(*part);
    request.set_page_token(parts.back()->next_page_token());
  } while (!request.page_token().empty());
  co_return absl::OkStatus();
}

PageAnswer CatalogPage(Page& page) {
  ListParts<decltype(rpcs::kListChannels)> channels;
  ListParts<decltype(rpcs::kListTopics)> topics;
  ListParts<decltype(rpcs::kListAuthors)> authors;
  absl::Status read = co_await LoadAll(page, rpcs::kListChannels, channels);
  if (read.ok()) read = co_await LoadAll(page, rpcs::kListTopics, topics);
  if (read.ok()) read = co_await LoadAll(page, rpcs::kListAuthors, authors);
  // Not shown in part: readers take the lists to be complete.
  if (!read.ok()) co_return page.Fail(read);
  if (const auto made = page.FindMade("/channels")) co_return made->Answer(page.request);
  ctemplate::TemplateDictionary& values = page.UseTemplate("catalog.tpl");
  const auto about = [](const cpb::Channel& channel, ctemplate::TemplateDictionary& item) {
    item.SetValue("ABOUT", channel.description());
  };
  const auto nothing = [](const auto&, ctemplate::TemplateDictionary&) {};
  for (const auto& part : channels) AddEntries(part->channels(), "CHANNEL", about, values);
  for (const auto& part : topics) AddEntries(part->topics(), "TOPIC", nothing, values);
  for (const auto& part : authors) AddEntries(part->authors(), "AUTHOR", nothing, values);
  co_return page.KeepMade("/channels", page.Render(page.site.words.Get("NAV_CHANNELS")));
}

}  // namespace

void AddListPages(PageRoutes& routes) {
  routes.push_back({"GET", "/", HomePage});
  routes.push_back({"GET", "/channels", CatalogPage});
  routes.push_back({"GET", "/c/{channel}", PostsOf(LoadChannel)});
  routes.push_back({"GET", "/t/{topic}", PostsOf(LoadTopic)});
  routes.push_back({"GET", "/a/{author}", AuthorPage});
}

}  // namespace rostrum::gateway
