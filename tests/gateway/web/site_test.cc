// What the pages answer to browsers, crawlers and feed readers.
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "services/common/rpc/proto_time.h"
#include "tests/gateway/web/site_fixture.h"

namespace rostrum::gateway {
namespace {

namespace spb = rostrum::subscription::v1;

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(SiteTest, ALinkToAnotherPageOfAListMayBeOld) {
  EXPECT_THAT(std::string(Get("/?page=2").bytes()), HasSubstr("On peace"));
  for (const auto& [old, first] : std::vector<std::pair<std::string, std::string>>{
           {"/?page=old", "/"},
           {"/a/ana?page=old", "/a/ana"},
           {"/a/ana?level=premium&page=old", "/a/ana?level=premium"},
           {"/search?q=war+and+peace&page=old", "/search?q=war%20and%20peace"}}) {
    const http::HttpResponse response = Get(old);
    EXPECT_EQ(response.status, 303) << old;
    EXPECT_EQ(Header(response, "Location"), first);
  }
  // However long it is in the form for queries.
  std::string words;
  for (int i = 0; i < 200; ++i) words += "%D1%8F";
  EXPECT_EQ(Header(Get("/search?q=" + words + "&page=old"), "Location"), "/search?q=" + words);
}

TEST_F(SiteTest, TheNewestOfAFilteredListAreFilteredToo) {
  EXPECT_THAT(std::string(Get("/a/ana?level=premium&page=2").bytes()),
              HasSubstr("href=\"/a/ana?level=premium\""));
}

TEST_F(SiteTest, APartOfAListSaysSoAndLeadsToTheWhole) {
  const std::string all = "<a href=\"/a/ana\">All posts</a>";
  const std::string part(Get("/a/ana?level=premium").bytes());
  EXPECT_THAT(part, HasSubstr("<h1>Premium posts by Ana</h1>"));
  EXPECT_THAT(part, HasSubstr(all));
  const std::string whole(Get("/a/ana").bytes());
  EXPECT_THAT(whole, HasSubstr("<h1>Ana</h1>"));
  EXPECT_THAT(whole, Not(HasSubstr(all)));
}

TEST_F(SiteTest, AuthorsHaveThePictureThatTheirArticlesShow) {
  const std::string picture = "<span class=\"avatar\" aria-hidden=\"true\">A</span>";
  EXPECT_THAT(std::string(Get("/a/ana").bytes()), HasSubstr(picture));
  EXPECT_THAT(std::string(Get("/c/world/peace").bytes()), HasSubstr(picture));
}

TEST_F(SiteTest, AQuoteShowsThatItBeginsWithin) {
  EXPECT_THAT(std::string(Get("/search?q=made").bytes()), HasSubstr("<p>How it is made"));
  EXPECT_THAT(std::string(Get("/search?q=talking").bytes()), HasSubstr("<p>… is made by talking"));
}

TEST_F(SiteTest, AnAddressMayEndInASlash) {
  for (const auto& [given, target] : std::vector<std::pair<std::string, std::string>>{
           {"/channels/", "/channels"},
           {"/c/world/peace/", "/c/world/peace"},
           {"/c/world/peace/?utm=1&x=%2F", "/c/world/peace?utm=1&x=%2F"},
           {"/a/%2F%2Fevil.test/", "/a/%2F%2Fevil.test"}}) {
    for (const char* method : {"GET", "HEAD"}) {
      const http::HttpResponse response = Ask(method, given);
      EXPECT_EQ(response.status, 308) << given;
      EXPECT_EQ(Header(response, "Location"), target);
    }
  }
  EXPECT_EQ(Get("/nowhere/").status, 404);
  EXPECT_EQ(Get("/a/ana//").status, 404);
  EXPECT_EQ(Get("//evil.test/").status, 404);
  EXPECT_EQ(Ask("POST", "/channels/", {{"Origin", kSiteUrl}}).status, 404);
  EXPECT_EQ(Get("/unfollow/").status, 404) << "nothing can be read there";
}

TEST_F(SiteTest, AFormerAddressLeadsToThePresentOneAndKeepsTheQuery) {
  for (const char* method : {"GET", "HEAD"}) {
    const http::HttpResponse moved = Ask(method, "/c/world/war?utm=1");
    EXPECT_EQ(moved.status, 308);
    EXPECT_EQ(Header(moved, "Location"), "/c/world/peace?utm=1");
    EXPECT_EQ(Header(moved, "Cache-Control"), "private, max-age=60");
    const http::HttpResponse by_id = Ask(method, std::string("/p/") + kPostId);
    EXPECT_EQ(by_id.status, 303);
    EXPECT_EQ(Header(by_id, "Location"), "/c/world/peace");
    EXPECT_EQ(Header(by_id, "Cache-Control"), "no-store");
  }
  EXPECT_EQ(Get("/c/world/war").status, 308);
}

TEST_F(SiteTest, AnArticleThatWasSeenIsAskedForByItsId) {
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Shown("/c/world/peace"), HasSubstr("On peace"));
  EXPECT_EQ(posts_.lookups, 2) << "where it is, and what it says";
  EXPECT_EQ(posts_.reads, 3);
  EXPECT_EQ(posts_.lists, 1) << "the author's card";
}

TEST_F(SiteTest, WhereAnArticleWasSeenMayBeAnotherOrNone) {
  EXPECT_THAT(Shown("/c/world/peace"), Not(HasSubstr("On peace again")));
  posts_.fate = StandInPosts::Fate::kReplaced;
  for (int i = 0; i < 2; ++i) EXPECT_THAT(Shown("/c/world/peace"), HasSubstr("On peace again"));
  posts_.fate = StandInPosts::Fate::kMoved;
  const http::HttpResponse moved = Get("/c/world/peace", SignedIn());
  EXPECT_EQ(moved.status, 308);
  EXPECT_EQ(Header(moved, "Location"), "/c/world/war");
  posts_.fate = StandInPosts::Fate::kThere;
  EXPECT_EQ(Get("/c/world/peace", SignedIn()).status, 200);
  posts_.fate = StandInPosts::Fate::kWithdrawn;
  EXPECT_EQ(Get("/c/world/peace", SignedIn()).status, 404);
}

// Else both addresses would lead to each other.
TEST_F(SiteTest, AReplicaThatIsBehindLeadsNobodyToAFormerAddress) {
  posts_.fate = StandInPosts::Fate::kComing;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Get("/c/world/peace", SignedIn()).status, 200);
}

TEST_F(SiteTest, OnlyWhoOpensAPostReadsIt) {
  for (const char* purpose : {"prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"}) {
    for (const char* target : {"/c/world/peace", "/c/world/peace?comments=2"}) {
      const http::HttpResponse ahead = Get(target, {{"Sec-Purpose", purpose}});
      EXPECT_EQ(ahead.status, 403) << purpose;
      EXPECT_EQ(Header(ahead, "Cache-Control"), "no-store");
      EXPECT_THAT(std::string(ahead.bytes()), Not(HasSubstr("By talking")));
    }
  }
  const http::HttpResponse head = Ask("HEAD", "/c/world/peace");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(Header(head, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_TRUE(head.stream != nullptr) << "its length would be said to be none";
  EXPECT_EQ(posts_.reads, 0);
  EXPECT_EQ(Get("/", {{"Sec-Purpose", "prefetch"}}).status, 200);

  EXPECT_THAT(std::string(Get("/c/world/peace").bytes()), HasSubstr("By talking"));
  EXPECT_EQ(posts_.reads, 1);
}

TEST_F(SiteTest, EveryFileOfAPageIsOfOneVersionAndKeptForGood) {
  const std::string page(Get("/").bytes());
  std::set<std::string> files;
  for (size_t at = page.find("\"/assets/"); at != std::string::npos;
       at = page.find("\"/assets/", at + 1)) {
    files.insert(page.substr(at + 1, page.find('"', at + 1) - at - 1));
  }
  EXPECT_EQ(files.size(), 9u);
  for (const std::string& file : files) {
    const http::HttpResponse response = Get(file);
    EXPECT_EQ(response.status, 200) << file;
    EXPECT_THAT(Header(response, "Cache-Control"), HasSubstr("immutable")) << file;
  }
}

TEST_F(SiteTest, BrowsersFindTheIconWhereTheyLook) {
  const http::HttpResponse favicon = Get("/favicon.ico");
  EXPECT_EQ(favicon.status, 308);
  EXPECT_EQ(Header(Get(Header(favicon, "Location")), "Content-Type"), "image/svg+xml");
}

TEST_F(SiteTest, FeedsAreSentAgainOnlyIfTheyChanged) {
  for (const char* path : {"/feed.rss", "/feed.atom", "/feed.json", "/robots.txt"}) {
    const http::HttpResponse feed = Get(path);
    EXPECT_EQ(feed.status, 200) << path;
    EXPECT_EQ(Header(feed, "Cache-Control"), "public, max-age=60");
    ASSERT_NE(Header(feed, "ETag"), "") << path;
    const http::HttpResponse same = Get(path, {{"If-None-Match", Header(feed, "ETag")}});
    EXPECT_EQ(same.status, 304) << path;
    EXPECT_EQ(same.bytes(), "");
  }
}

TEST_F(SiteTest, WhatWasSearchedForIsNotForSearchEngines) {
  EXPECT_THAT(std::string(Get("/search?q=peace").bytes()),
              HasSubstr("content=\"noai, noimageai, noindex\""));
  EXPECT_THAT(std::string(Get("/").bytes()), HasSubstr("content=\"noai, noimageai\""));
  // Who may not fetch the page would not learn that it must not be listed.
  EXPECT_THAT(std::string(Get("/robots.txt").bytes()), Not(HasSubstr("/search")));
}

TEST_F(SiteTest, OnlyTheFirstPageOfAListHasALastingAddress) {
  const std::string canonical = "<link rel=\"canonical\" href=\"https://rostrum.test/\">";
  const std::string home(Get("/").bytes());
  EXPECT_THAT(home, HasSubstr(canonical));
  EXPECT_THAT(home, HasSubstr("<meta property=\"og:title\" content=\"Rostrum\">"));
  EXPECT_THAT(home, HasSubstr("<meta name=\"twitter:card\" content=\"summary\">"));
  EXPECT_THAT(home, HasSubstr("href=\"/feed.atom\""));
  const std::string second(Get("/?page=2").bytes());
  EXPECT_THAT(second, Not(HasSubstr("rel=\"canonical\"")));
  EXPECT_THAT(second, Not(HasSubstr("og:url")));
  EXPECT_THAT(std::string(Get("/a/ana").bytes()),
              HasSubstr("<meta property=\"og:url\" content=\"https://rostrum.test/a/ana\">"));
}

TEST_F(SiteTest, AnArticleNamesTheFeedOfItsChannel) {
  EXPECT_THAT(std::string(Get("/c/world/peace").bytes()),
              HasSubstr("<link rel=\"alternate\" type=\"application/atom+xml\" title=\"World\" "
                        "href=\"/c/world/feed.atom\">"));
}

TEST_F(SiteTest, AnArticleSaysWhenItWasRevised) {
  const std::string never(Get("/c/world/peace").bytes());
  EXPECT_THAT(never, HasSubstr("\"datePublished\":\"2023-11-14T22:13:20Z\""));
  EXPECT_THAT(never, Not(HasSubstr("dateModified")));
  EXPECT_THAT(never, Not(HasSubstr("article:modified_time")));
  EXPECT_THAT(std::string(Get("/feed.atom").bytes()),
              HasSubstr("</id>\n<updated>2023-11-14T22:13:20Z</updated>\n<link rel"));
}

// The page is made for one, and sent to others with theirs.
TEST_F(SiteTest, EachVisitorSeesTheTimesOfTheOwnOffer) {
  spb::ReadingAccess access;
  access.set_reason(spb::ACCESS_REASON_METER_ENDED);
  spb::Offer& offer = *access.mutable_offer();
  offer.set_trial_days(14);
  const auto shown = [&](spb::OfferState state, absl::Time now) {
    offer.set_state(state);
    *access.mutable_server_time() = ToProtoTime(now);
    *offer.mutable_expire_time() = ToProtoTime(now + absl::Hours(24));
    *offer.mutable_next_offer_time() = ToProtoTime(now + absl::Hours(48));
    posts_.DecideForVisitors(access);
    return Get("/c/world/peace");
  };
  for (const int hours : {0, 1}) {
    const absl::Time now = absl::FromUnixSeconds(1'700'000'000) + absl::Hours(hours);
    const http::HttpResponse response = shown(spb::OFFER_STATE_OPEN, now);
    EXPECT_EQ(Header(response, "ETag"), "");
    const std::string open(response.bytes());
    EXPECT_THAT(open, HasSubstr("data-expire=\"" + IsoTime(now + absl::Hours(24)) +
                                "\" data-now=\"" + IsoTime(now) + "\""));
    EXPECT_THAT(open, HasSubstr("datetime=\"" + IsoTime(now + absl::Hours(24)) +
                                "\" data-countdown-time>" + TimeText(now + absl::Hours(24))));
    const std::string over(shown(spb::OFFER_STATE_EXPIRED, now).bytes());
    EXPECT_THAT(over, HasSubstr("datetime=\"" + IsoTime(now + absl::Hours(48)) +
                                "\" data-local-time>" + TimeText(now + absl::Hours(48))));
    EXPECT_THAT(over, Not(HasSubstr("data-expire")));
  }
}

TEST_F(SiteTest, ARevisionIsAChange) {
  posts_.revised = true;
  const std::string page(Get("/c/world/peace").bytes());
  EXPECT_THAT(page, HasSubstr("\"dateModified\":\"2023-11-15T22:13:20Z\""));
  EXPECT_THAT(page, HasSubstr("<meta property=\"article:modified_time\" "
                              "content=\"2023-11-15T22:13:20Z\">"));
  EXPECT_THAT(std::string(Get("/feed.atom").bytes()),
              HasSubstr("</id>\n<updated>2023-11-15T22:13:20Z</updated>\n<link rel"));
}

TEST_F(SiteTest, AKeptListIsNeverOlderThanTheRequest) {
  const std::string before(Get("/feed.atom").bytes());
  EXPECT_EQ(std::string(Get("/feed.atom").bytes()), before);
  posts_.revised = true;
  EXPECT_NE(std::string(Get("/feed.atom").bytes()), before);
  posts_.revised = false;
  EXPECT_EQ(std::string(Get("/feed.atom").bytes()), before);
}

TEST_F(SiteTest, AKeptListIsForThoseWhoGetTheSamePage) {
  for (const std::string path : {"/", "/c/world", "/a/ana", "/channels"}) {
    EXPECT_THAT(std::string(Get(path + "?").bytes()), HasSubstr("%3F"));
    const http::HttpResponse kept = Get(path);
    EXPECT_THAT(std::string(kept.bytes()), Not(HasSubstr("href=\"/account\"")));
    EXPECT_EQ(Get(path, {{"If-None-Match", Header(kept, "ETag")}}).status, 304);
    EXPECT_THAT(Shown(path), HasSubstr("href=\"/account\""));
    EXPECT_EQ(std::string(Get(path).bytes()), kept.bytes());
    // It leads back to another address after a login.
    EXPECT_THAT(std::string(Get(path + "?utm=1").bytes()), HasSubstr("utm%3D1"));
    EXPECT_THAT(std::string(Get(path).bytes()), Not(HasSubstr("utm%3D1")));
  }
}

TEST_F(SiteTest, AListIsMadeOnceForAll) {
  for (const char* path :
       {"/", "/c/world", "/t/elections", "/a/ana", "/channels", "/feed.rss", "/feed.atom",
        "/c/world/feed.json", "/t/elections/feed.rss", "/a/ana/feed.atom"}) {
    const http::HttpResponse first = Get(path);
    ASSERT_EQ(first.status, 200) << path;
    EXPECT_EQ(Get(path).bytes().data(), first.bytes().data()) << path;
  }
}

// There are many such ways, and each page would put another out of the cache.
TEST_F(SiteTest, AnAddressWrittenInAnotherWayIsNotKept) {
  for (const char* path : {"/c/%77orld", "/a/%61na", "/c/%77orld/feed.rss"}) {
    const http::HttpResponse first = Get(path);
    ASSERT_EQ(first.status, 200) << path;
    EXPECT_NE(Get(path).bytes().data(), first.bytes().data()) << path;
  }
}

TEST_F(SiteTest, TheCatalogIsComplete) {
  const std::string page(Get("/channels").bytes());
  for (const char* kind : {"/c/", "/t/", "/a/"}) {
    EXPECT_THAT(page, HasSubstr(std::string("href=\"") + kind + "first\""));
    EXPECT_THAT(page, HasSubstr(std::string("href=\"") + kind + "second\""));
  }
}

TEST_F(SiteTest, ARefusalIsAPage) {
  const http::HttpResponse large = site_->Refuse({413, "BODY_TOO_LARGE", "too large"});
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(Header(large, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(Header(large, "Cache-Control"), "no-store");
  EXPECT_THAT(Header(large, "Content-Security-Policy"), HasSubstr("script-src 'self'"));
  EXPECT_THAT(std::string(large.bytes()), HasSubstr("That is too large"));
  const http::HttpResponse odd = site_->Refuse({417, "EXPECTATION_FAILED", "no"});
  EXPECT_EQ(odd.status, 417);
  EXPECT_THAT(std::string(odd.bytes()), HasSubstr("That cannot be done"));
}

}  // namespace
}  // namespace rostrum::gateway
