#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gateway/web/pages/list_subject.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"
#include "gateway/web/syndication.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

constexpr int kFeedItems = 50;
constexpr absl::Duration kSitemapTime = absl::Minutes(10);

constexpr char kRobots[] =
    "# Reading and searching is welcome; training models is not.\n"
    "User-agent: GPTBot\nUser-agent: ChatGPT-User\nUser-agent: CCBot\nUser-agent: ClaudeBot\n"
    "User-agent: anthropic-ai\nUser-agent: Google-Extended\nUser-agent: Applebot-Extended\n"
    "User-agent: Bytespider\nUser-agent: PerplexityBot\nUser-agent: meta-externalagent\n"
    "User-agent: Amazonbot\nUser-agent: cohere-ai\nDisallow: /\n\n"
    "User-agent: *\nDisallow: /account\nDisallow: /feed$\nDisallow: /feed?\n"
    "Disallow: /login\nDisallow: /start\n"
    "Disallow: /verify\nDisallow: /reset\nDisallow: /live/\n"
    // Each comment has an address at which the whole article is shown again.
    "Disallow: /*?comment=\n\n";

// TDM Reservation Protocol, 1.0.
constexpr char kTdmReservation[] = "[{\"location\":\"/\",\"tdm-reservation\":1}]\n";

// What is not HTML: anyone may keep it for a minute.
StoredResponsePtr MakeFile(const std::string& content_type, std::string text) {
  return StoreText(std::move(text), content_type, "public, max-age=60");
}

// The feed of a list, in the format that its name ends with.
PageAnswer SendFeed(Page& page, ListSubject subject, absl::string_view file) {
  cpb::ListPostsRequest request = subject.posts;
  request.set_page_size(kFeedItems);
  const auto posts = co_await page.calls.CallShared(rpcs::kListPosts, request);
  if (!posts.ok()) co_return page.Fail(posts.status());
  const std::string self_path = absl::StrCat(subject.path == "/" ? "" : subject.path, "/", file);
  if (const auto made = page.FindMade(self_path)) co_return made->Answer(page.request);
  const Syndicate about{.title = std::move(subject.name),
                        .public_url = page.site.public_url,
                        .path = std::move(subject.path),
                        .self_path = self_path};
  StoredResponsePtr made;
  if (file == "feed.rss") {
    made = MakeFile("application/rss+xml; charset=utf-8", RssFeed(about, **posts));
  } else if (file == "feed.atom") {
    made = MakeFile("application/atom+xml; charset=utf-8", AtomFeed(about, **posts));
  } else {
    made = MakeFile("application/feed+json", JsonFeed(about, **posts));
  }
  co_return page.KeepMade(self_path, std::move(made));
}

SubjectAnswer LoadSite(Page& page) {
  ListSubject site{.path = "/", .name = page.site.name};
  co_return site;
}

std::string SitemapKey(int64_t period) { return absl::StrCat("/sitemap.xml\n", period); }

struct MadeSitemap {
  std::string text;
  bool complete = true;  // false if the later posts could not be had
};

// The latest posts, as many as can be had in the time that a page has.
asio::awaitable<absl::StatusOr<MadeSitemap>> MakeSitemap(Page& page) {
  Sitemap sitemap(page.site.public_url);
  MadeSitemap made;
  cpb::ListPostsRequest request;
  request.set_page_size(100);
  do {
    const auto posts = co_await page.calls.Call(rpcs::kListPosts, request);
    if (!posts.ok() && request.page_token().empty()) co_return posts.status();
    made.complete = posts.ok();
    if (!posts.ok()) break;
    sitemap.Add(*posts);
    request.set_page_token(posts->next_page_token());
  } while (!request.page_token().empty() && !sitemap.full());
  made.text = std::move(sitemap).Finish();
  co_return made;
}

// One is made for all who ask within ten minutes, since it takes a call for each hundred
// posts. While it is made, others get the one before.
PageAnswer SitemapPage(Page& page) {
  const int64_t period =
      absl::ToUnixSeconds(page.site.clock.Now()) / absl::ToInt64Seconds(kSitemapTime);
  ArticleCache& kept = page.site.articles;
  if (const auto sitemap = kept.FindPage(SitemapKey(period))) {
    co_return sitemap->Answer(page.request);
  }
  const auto turn = page.site.sitemap_turns.Try();
  if (!turn.has_value()) {
    if (const auto before = kept.FindPage(SitemapKey(period - 1))) {
      co_return before->Answer(page.request);
    }
    co_return page.Fail(RetryLater(absl::StatusCode::kUnavailable, "SITEMAP_IN_THE_MAKING",
                                   "the sitemap is being made", absl::Seconds(10)));
  }
  auto made = co_await MakeSitemap(page);
  if (!made.ok() || !made->complete) {
    // Crawlers would forget the posts that are missing.
    if (const auto before = kept.FindPage(SitemapKey(period - 1))) {
      co_return before->Answer(page.request);
    }
  }
  if (!made.ok()) co_return page.Fail(made.status());
  const auto sitemap = StoreText(std::move(made->text), "application/xml; charset=utf-8",
                                 made->complete ? "public, max-age=600" : "no-store");
  if (made->complete) kept.KeepPage(SitemapKey(period), sitemap);
  co_return sitemap->Answer(page.request);
}

PageAnswer RobotsPage(Page& page) {
  const std::string text =
      absl::StrCat(kRobots, "Sitemap: ", page.site.public_url, "/sitemap.xml\n");
  co_return MakeFile("text/plain; charset=utf-8", text)->Answer(page.request);
}

PageAnswer TdmPage(Page& page) {
  co_return MakeFile("application/json", kTdmReservation)->Answer(page.request);
}

// Where browsers look without being told.
PageAnswer IconPage(Page& page) {
  co_return page.Moved(absl::StrCat(page.site.assets.Folder(), "icon.svg"));
}

// A route for each format, so that "/c/x/feed.rss" is not taken for a post.
void AddFeedRoutes(PageRoutes& routes, const std::string& base, SubjectLoader load) {
  for (const char* file : {"feed.rss", "feed.atom", "feed.json"}) {
    routes.push_back({"GET", absl::StrCat(base, "/", file), [load, file](Page& page) -> PageAnswer {
                        auto subject = co_await load(page);
                        if (!subject.ok()) co_return page.Fail(subject.status());
                        co_return co_await SendFeed(page, *std::move(subject), file);
                      }});
  }
}

}  // namespace

void AddSyndicationPages(PageRoutes& routes) {
  AddFeedRoutes(routes, "", LoadSite);
  AddFeedRoutes(routes, "/c/{channel}", LoadChannel);
  AddFeedRoutes(routes, "/t/{topic}", LoadTopic);
  AddFeedRoutes(routes, "/a/{author}", LoadAuthor);
  routes.push_back({"GET", "/sitemap.xml", SitemapPage});
  routes.push_back({"GET", "/favicon.ico", IconPage});
  routes.push_back({"GET", "/robots.txt", RobotsPage});
  routes.push_back({"GET", "/.well-known/tdmrep.json", TdmPage});
}

}  // namespace rostrum::gateway
