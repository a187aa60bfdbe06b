// Response heads, compression, static files, the error form, metrics.
#include <string>

#include "gateway/http/compression.h"
#include "gateway/http/error_form.h"
#include "gateway/http/gzip.h"
#include "gateway/http/response_head.h"
#include "gateway/http/server_metrics.h"
#include "gateway/http/static_files.h"
#include "gmock/gmock.h"
#include "tests/support/http/gunzip.h"

namespace rostrum::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

HttpHeaders AcceptEncoding(const std::string& value) {
  HttpHeaders headers;
  headers.Add("Accept-Encoding", value);
  return headers;
}

HttpResponse Page(const std::string& type = "text/html", size_t size = 2000) {
  HttpResponse response;
  response.headers.Add("Content-Type", type);
  response.body = std::string(size, 'x');
  return response;
}

bool IsCompressed(HttpResponse response, const std::string& accepted = "gzip, br") {
  MaybeCompress(AcceptEncoding(accepted), response);
  return response.headers.Has("content-encoding");
}

TEST(ResponseHeadTest, LeavesFramingToTheServer) {
  HttpHeaders headers;
  headers.Add("X-A", "b");
  headers.Add("Content-Length", "999");
  headers.Add("Transfer-Encoding", "chunked");
  const std::string head = ResponseHead(404, headers, {.content_length = 5});
  EXPECT_THAT(head, StartsWith("HTTP/1.1 404 Not Found\r\nX-A: b\r\nDate: "));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("999")));
  EXPECT_THAT(head, Not(HasSubstr("chunked")));
}

TEST(ResponseHeadTest, RefusesWhatWouldSplitIt) {
  for (const std::string& bad : {std::string("a\r\nb: c"), std::string("a\nb"), std::string("a\rb"),
                                 std::string("a\0b", 3)}) {
    HttpHeaders headers;
    headers.Add("X-A", bad);
    EXPECT_EQ(ResponseHead(200, headers, {}), "") << bad;
  }
  HttpHeaders name;
  name.Add("X A", "b");
  EXPECT_EQ(ResponseHead(200, name, {}), "");
  EXPECT_EQ(ResponseHead(100, HttpHeaders(), {}), "");
}

TEST(CompressionTest, ShrinksAndKeepsTheContent) {
  HttpResponse response = Page();
  MaybeCompress(AcceptEncoding("gzip"), response);
  EXPECT_EQ(*response.headers.Find("content-encoding"), "gzip");
  EXPECT_EQ(*response.headers.Find("vary"), "Accept-Encoding");
  EXPECT_EQ(Gunzip(response.body), std::string(2000, 'x'));
}

TEST(CompressionTest, OnlyWhereItHelpsAndMay) {
  EXPECT_TRUE(IsCompressed(Page("application/json; charset=utf-8")));
  EXPECT_TRUE(IsCompressed(Page("image/svg+xml")));
  EXPECT_FALSE(IsCompressed(Page("image/png")));
  EXPECT_FALSE(IsCompressed(Page("text/html", 1023)));
  HttpResponse secret = Page();
  secret.compressible = false;
  EXPECT_FALSE(IsCompressed(secret));
  HttpResponse transform = Page();
  transform.headers.Add("Cache-Control", "public, no-transform");
  EXPECT_FALSE(IsCompressed(transform));
  HttpResponse encoded = Page();
  encoded.headers.Add("Content-Encoding", "br");
  MaybeCompress(AcceptEncoding("gzip"), encoded);
  EXPECT_EQ(*encoded.headers.Find("content-encoding"), "br");
}

TEST(CompressionTest, ReadsAcceptEncoding) {
  for (const std::string yes : {"gzip", "GZIP", "br;q=1, gzip;q=0.1", "*", "deflate, *;q=0.5"}) {
    EXPECT_TRUE(AcceptsGzip(AcceptEncoding(yes))) << yes;
  }
  for (const std::string no : {"", "br", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzip;q=x"}) {
    EXPECT_FALSE(AcceptsGzip(AcceptEncoding(no))) << no;
  }
  EXPECT_FALSE(AcceptsGzip(HttpHeaders()));
}

TEST(GzipTest, PiecesAndTextMakeOneMember) {
  const std::string page(3000, 'p');
  const GzipPiece piece = Deflate(page, 6);
  EXPECT_LT(piece.deflated.size(), 100u);
  const GzipPiece nothing = Deflate("", 6);
  const std::string large(200'000, 'v');
  GzipMember member;
  member.Append(nothing);
  member.AppendStored("first");
  member.Append(piece);
  member.AppendStored("");
  member.Append(piece);  // one piece may stand in many places, and members
  member.AppendStored(large);
  EXPECT_EQ(Gunzip(std::move(member).Finish()), "first" + page + page + large);
  EXPECT_EQ(Gunzip(GzipMember().Finish()), "");
}

TEST(CompressionTest, TellsCachesEvenWhenItDoesNot) {
  HttpResponse response = Page();
  response.headers.Add("Vary", "Cookie");
  MaybeCompress(HttpHeaders(), response);
  EXPECT_EQ(*response.headers.Find("vary"), "Cookie, Accept-Encoding");
  EXPECT_FALSE(response.headers.Has("content-encoding"));
}

class StaticFilesTest : public ::testing::Test {
 protected:
  static RequestHead Request(const std::string& path) {
    RequestHead head;
    head.method = "GET";
    head.path = path;
    return head;
  }
  const std::string script_ = std::string(3000, ' ') + "export {};";
  const StaticFiles files_{
      "/assets/", {{"js/room.js", {script_.data(), script_.size()}}, {"dot.png", {"\x89PNG", 4}}}};
};

TEST_F(StaticFilesTest, ServesItsFilesOnly) {
  const auto script = files_.Serve(Request("/assets/js/room.js"));
  ASSERT_TRUE(script.has_value());
  EXPECT_EQ(script->bytes(), script_);
  EXPECT_EQ(*script->headers.Find("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(*script->headers.Find("cache-control"), "public, no-cache");
  EXPECT_FALSE(files_.Serve(Request("/assets/js/other.js")).has_value());
  EXPECT_FALSE(files_.Serve(Request("/assets/")).has_value());
  EXPECT_FALSE(files_.Serve(Request("/js/room.js")).has_value());
  RequestHead post = Request("/assets/js/room.js");
  post.method = "POST";
  EXPECT_FALSE(files_.Serve(post).has_value());
}

TEST_F(StaticFilesTest, WhatIsInTheVersionedFolderMayBeKeptForGood) {
  const auto response = files_.Serve(Request(files_.Folder() + "js/room.js"));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->bytes(), script_);
  EXPECT_THAT(*response->headers.Find("cache-control"), HasSubstr("immutable"));
  EXPECT_FALSE(files_.Serve(Request(files_.Folder())).has_value());
  EXPECT_FALSE(files_.Serve(Request(files_.Folder() + "js/other.js")).has_value());
  RequestHead bare = Request(files_.Folder());
  bare.path.pop_back();
  EXPECT_FALSE(files_.Serve(bare).has_value());
}

TEST_F(StaticFilesTest, TheFolderOfAnotherReleaseHasTheFilesOfThisOne) {
  const StaticFiles other("/assets/", {{"js/room.js", {"changed", 7}}, {"dot.png", {"x", 1}}});
  ASSERT_NE(other.Folder(), files_.Folder());
  const auto response = files_.Serve(Request(other.Folder() + "js/room.js"));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->bytes(), script_);
  EXPECT_EQ(*response->headers.Find("cache-control"), "public, no-cache");
}

TEST_F(StaticFilesTest, AnswersNotModified) {
  RequestHead again = Request("/assets/dot.png");
  again.headers.Add("If-None-Match", *files_.Serve(again)->headers.Find("etag"));
  EXPECT_EQ(files_.Serve(again)->status, 304);
  EXPECT_EQ(files_.Serve(again)->bytes(), "");
  again.headers.Set("If-None-Match", "\"0123456789abcdef\"");
  EXPECT_EQ(files_.Serve(again)->status, 200);
}

TEST_F(StaticFilesTest, SendsTheCompressedForm) {
  RequestHead request = Request("/assets/js/room.js");
  request.headers.Add("Accept-Encoding", "gzip");
  const auto response = files_.Serve(request);
  EXPECT_EQ(*response->headers.Find("content-encoding"), "gzip");
  EXPECT_EQ(Gunzip(std::string(response->bytes())), script_);
}

TEST(ErrorFormTest, IsTheFormOfTheApi) {
  const HttpResponse response = JsonError({413, "BODY_TOO_LARGE", "the \"body\" is too large"});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, R"({"error":{"code":413,"status":"INVALID_ARGUMENT",)"
                           R"("message":"the \"body\" is too large","details":[)"
                           R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo",)"
                           R"("reason":"BODY_TOO_LARGE","domain":"gateway.rostrum"}]}})");
}

TEST(ServerMetricsTest, CountsByRouteAndCode) {
  Metrics metrics;
  ServerMetrics server(metrics);
  RequestHead request;
  request.method = "GET";
  HttpResponse response;
  response.route = "/v1/posts/{post_id}";
  server.ConnectionOpened();
  server.RequestStarted(request);
  EXPECT_THAT(metrics.Expose(), HasSubstr("http_requests_in_flight 1"));
  server.RequestDone({request, response, 10, absl::Milliseconds(3), true});
  server.RequestRefused({431, "HEAD_TOO_LARGE", ""});
  server.ConnectionRefused("host");
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("http_requests_in_flight 0"));
  EXPECT_THAT(text, HasSubstr(R"(http_requests_total{code="200",method="GET",)"
                              R"(route="/v1/posts/{post_id}"} 1)"));
  EXPECT_THAT(text, HasSubstr("http_request_duration_seconds_count"));
  EXPECT_THAT(text,
              HasSubstr(R"(http_requests_refused_total{code="431",reason="HEAD_TOO_LARGE"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(http_connections_refused_total{reason="host"} 1)"));
}

}  // namespace
}  // namespace rostrum::http
