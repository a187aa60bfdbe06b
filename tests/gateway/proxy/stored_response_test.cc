#include "gateway/proxy/stored_response.h"

#include "gateway/proxy/made_responses.h"
#include "gtest/gtest.h"
#include "tests/support/http/gunzip.h"

namespace rostrum::gateway {
namespace {

http::HttpRequest Get() {
  http::HttpRequest request;
  request.method = "GET";
  return request;
}

TEST(StoredResponseTest, AnswersWithWhatTheClientTakesOrHas) {
  const StoredResponsePtr page = StoreText("<p>" + std::string(5000, 'x') + "</p>");
  http::HttpRequest request = Get();
  const http::HttpResponse plain = page->Answer(request);
  EXPECT_EQ(plain.bytes().size(), 5007u);
  EXPECT_FALSE(plain.headers.Has("Content-Encoding"));
  request.headers.Set("Accept-Encoding", "gzip");
  const http::HttpResponse packed = page->Answer(request);
  EXPECT_LT(packed.bytes().size(), 200u);
  EXPECT_EQ(*packed.headers.Find("Content-Encoding"), "gzip");
  EXPECT_EQ(*packed.headers.Find("Vary"), "Accept-Encoding");
  request.headers.Set("If-None-Match", *plain.headers.Find("ETag"));
  const http::HttpResponse known = page->Answer(request);
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.bytes(), "");
  EXPECT_EQ(*known.headers.Find("Cache-Control"), "private, no-cache");
}

TEST(StoredResponseTest, KeepsItsHeadersAndHasAnEtagOnlyIfItWasGivenOne) {
  http::HttpResponse response;
  response.headers.Set("Content-Type", "application/json");
  response.body = std::string(5000, '1');
  http::HttpRequest request = Get();
  request.headers.Set("If-None-Match", "*");
  const http::HttpResponse without = StoredResponse(response).Answer(request);
  EXPECT_EQ(without.status, 200);
  EXPECT_FALSE(without.headers.Has("ETag"));
  EXPECT_EQ(*without.headers.Find("Content-Type"), "application/json");

  response.headers.Set("ETag", "\"7\"");
  EXPECT_EQ(StoredResponse(response).Answer(request).status, 304);
  request.method = "POST";
  EXPECT_EQ(StoredResponse(response).Answer(request).status, 200);
  request = Get();
  EXPECT_EQ(*StoredResponse(response).Answer(request).headers.Find("ETag"), "\"7\"");
  // Other bytes than those that it was made for.
  request.headers.Set("Accept-Encoding", "gzip");
  EXPECT_EQ(*StoredResponse(response).Answer(request).headers.Find("ETag"), "W/\"7\"");
}

TEST(StoredResponseTest, PutsValuesInPlaceOfPlaceholders) {
  http::HttpResponse response;
  response.headers.Set("Content-Type", "text/html");
  response.body = "[A]" + std::string(3000, 'x') + "[B][A]" + std::string(3000, 'y');
  const StoredResponse stored(response, {"[A]", "[B]", "[C]"});
  http::HttpRequest request = Get();
  for (const std::string value : {"", "one", "[B]"}) {
    const std::string whole =
        value + std::string(3000, 'x') + "two" + value + std::string(3000, 'y');
    request.headers.Set("Accept-Encoding", "identity");
    const http::HttpResponse plain = stored.Answer(request, {value, "two", "three"});
    EXPECT_EQ(plain.bytes(), whole);
    EXPECT_FALSE(plain.headers.Has("Content-Encoding"));
    EXPECT_EQ(*plain.headers.Find("Vary"), "Accept-Encoding");
    request.headers.Set("Accept-Encoding", "gzip");
    const http::HttpResponse packed = stored.Answer(request, {value, "two", "three"});
    EXPECT_EQ(http::Gunzip(packed.bytes()), whole);
    EXPECT_LT(packed.bytes().size(), 300u);
    EXPECT_EQ(*packed.headers.Find("Content-Encoding"), "gzip");
  }
}

TEST(MadeResponsesTest, TheLastOfAKeyIsFoundForItsAnswersOnly) {
  MadeResponses made(10'000);
  made.Keep("/", " 1 2", StoreText("first"));
  EXPECT_NE(made.Find("/", " 1 2"), nullptr);
  EXPECT_EQ(made.Find("/", " 1 3"), nullptr);
  EXPECT_EQ(made.Find("/channels", " 1 2"), nullptr);
  const StoredResponsePtr second = StoreText("second");
  made.Keep("/", " 1 3", second);
  EXPECT_EQ(made.Find("/", " 1 2"), nullptr);
  EXPECT_EQ(made.Find("/", " 1 3"), second);
}

// Equal lists of a busy site are made every few seconds, because posts are being read.
TEST(MadeResponsesTest, OneAddressTakesOnePlace) {
  MadeResponses made(10'000);
  made.Keep("/", "1", StoreText(std::string(2000, '/')));
  for (int number = 0; number < 100; ++number) {
    made.Keep("/channels", std::to_string(number), StoreText(std::string(2000, 'c')));
  }
  EXPECT_NE(made.Find("/", "1"), nullptr);
}

}  // namespace
}  // namespace rostrum::gateway
