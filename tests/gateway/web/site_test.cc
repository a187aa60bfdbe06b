// What the pages answer to browsers, crawlers and feed readers.
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "tests/gateway/web/site_fixture.h"

namespace rostrum::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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
  EXPECT_EQ(Get("/follow/").status, 404) << "nothing can be read there";
}

TEST_F(SiteTest, AFormerAddressLeadsToThePresentOneAndKeepsTheQuery) {
  for (const char* method : {"GET", "HEAD"}) {
    const http::HttpResponse moved = Ask(method, "/c/world/war?utm=1");
    EXPECT_EQ(moved.status, 308);
    EXPECT_EQ(Header(moved, "Location"), "/c/world/peace?utm=1");
    EXPECT_EQ(Header(moved, "Cache-Control"), "public, max-age=60");
    const http::HttpResponse by_id = Ask(method, std::string("/p/") + kPostId);
    EXPECT_EQ(by_id.status, 303);
    EXPECT_EQ(Header(by_id, "Location"), "/c/world/peace");
    EXPECT_EQ(Header(by_id, "Cache-Control"), "no-store");
  }
  EXPECT_EQ(Get("/c/world/war").status, 308);
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
  EXPECT_EQ(files.size(), 8u);
  for (const std::string& file : files) {
    const http::HttpResponse response = Get(file);
    EXPECT_EQ(response.status, 200) << file;
    EXPECT_THAT(Header(response, "Cache-Control"), HasSubstr("immutable")) << file;
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
