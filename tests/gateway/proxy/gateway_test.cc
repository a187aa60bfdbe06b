// What the gateway answers for itself.
#include "gateway/proxy/gateway.h"

#include "tests/gateway/proxy/gateway_fixture.h"

namespace rostrum::gateway {
namespace {

using ::testing::HasSubstr;

TEST_F(GatewayTest, SaysThatItRunsWhateverIsAway) {
  comment_.Stop();
  const ClientResponse response = Http().Get("/healthz");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Json(response)["status"], "ok");
  EXPECT_EQ(response.Header("cache-control"), "no-store");
}

TEST_F(GatewayTest, IsReadyOnceItHasReachedAllServicesAndStaysSo) {
  comment_.Stop();
  ASSERT_TRUE(Eventually([&] {
    return Json(Http().Get("/readyz"))["unreachable"] == nlohmann::json::array({"comment"});
  }));
  const ClientResponse starting = Http().Get("/readyz");
  EXPECT_EQ(starting.status, 503);
  EXPECT_EQ(Json(starting)["status"], "starting");

  comment_.Restart();
  ASSERT_TRUE(Eventually([&] { return Http().Get("/readyz").status == 200; }));
  EXPECT_EQ(Json(Http().Get("/readyz"))["unreachable"], nlohmann::json::array());

  comment_.Stop();
  ASSERT_TRUE(Eventually([&] { return !Json(Http().Get("/readyz"))["unreachable"].empty(); }));
  EXPECT_EQ(Http().Get("/readyz").status, 200) << "the rest goes on";
}

TEST_F(GatewayTest, BeginsWithoutAServiceThatStaysAway) {
  patience_ = absl::ZeroDuration();
  comment_.Stop();
  // The others may still be connecting.
  ASSERT_TRUE(Eventually([&] {
    return Json(Http().Get("/readyz"))["unreachable"] == nlohmann::json::array({"comment"});
  }));
  EXPECT_EQ(Http().Get("/readyz").status, 200);
}

TEST_F(GatewayTest, IsNotReadyWhileAllServicesAreAway) {
  patience_ = absl::ZeroDuration();
  for (Backend* backend : {&account_, &comment_, &content_, &library_}) backend->Stop();
  ASSERT_TRUE(Eventually([&] { return Json(Http().Get("/readyz"))["unreachable"].size() == 4; }));
  EXPECT_EQ(Http().Get("/readyz").status, 503);
}

TEST_F(GatewayTest, IsNotReadyWhileItDrains) {
  ASSERT_TRUE(Eventually([&] { return Http().Get("/readyz").status == 200; }));
  gateway().Drain();
  EXPECT_EQ(Http().Get("/readyz").status, 503);
  EXPECT_EQ(Http().Get("/healthz").status, 200);
  EXPECT_EQ(Http().Get("/v1/comments/c1").status, 200) << "what still comes is served";
}

TEST_F(GatewayTest, ServesItsDescription) {
  const ClientResponse response = Http().Get("/openapi.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, kOpenApi);
  EXPECT_EQ(response.Header("content-type"), "application/json");
  EXPECT_EQ(response.Header("content-security-policy"),
            "default-src 'none'; frame-ancestors 'none'");
  const std::string etag = response.Header("etag");
  ASSERT_NE(etag, "");
  EXPECT_EQ(Http().Get("/openapi.json", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(Http().Get("/openapi.json", {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST_F(GatewayTest, HasNothingAtOtherPaths) {
  const ClientResponse response = Http().Get("/nowhere");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(ReasonOf(response), "ROUTE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Http().Get("/v1/nowhere")), "ROUTE_NOT_FOUND");
  EXPECT_EQ(Http().Post("/healthz", "").status, 404);
}

TEST_F(GatewayTest, SecurityHeadersAreOnEveryAnswer) {
  for (const char* path :
       {"/healthz", "/openapi.json", "/v1/comments/c1", "/v1/comments/busy", "/nowhere"}) {
    const ClientResponse response = Http().Get(path);
    EXPECT_EQ(response.Header("x-content-type-options"), "nosniff") << path;
    EXPECT_THAT(response.Header("content-security-policy"), HasSubstr("default-src 'none'"))
        << path;
    EXPECT_EQ(response.Header("tdm-reservation"), "1") << path;
    EXPECT_EQ(response.Header("x-robots-tag"), "noai, noimageai") << path;
  }
  testing::RawConnection malformed = Connect();
  ASSERT_TRUE(malformed.Send("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(malformed.Read()->Header("x-content-type-options"), "nosniff");
}

TEST_F(GatewayTest, RefusesRequestsForPagesWithAPage) {
  pages_.refuse = [](const http::Refusal& refusal) {
    http::HttpResponse page;
    page.status = refusal.status;
    page.body = "a page";
    return page;
  };
  const std::string browser = "Host: x\r\nAccept: text/html,*/*;q=0.8\r\n";
  const auto ask = [&](const std::string& path, const std::string& headers) {
    testing::RawConnection connection = Connect();
    EXPECT_TRUE(connection.Send("POST " + path + " HTTP/1.1\r\n" + headers +
                                "Content-Length: 999999999\r\n\r\n"));
    return *connection.Read();
  };
  const ClientResponse page = ask("/start", browser);
  EXPECT_EQ(page.status, 413);
  EXPECT_EQ(page.body, "a page");
  EXPECT_EQ(page.Header("x-robots-tag"), "noai, noimageai");
  EXPECT_EQ(ReasonOf(ask("/v1/posts", browser)), "BODY_TOO_LARGE");
  EXPECT_EQ(ReasonOf(ask("/start", "Host: x\r\nAccept: application/json\r\n")), "BODY_TOO_LARGE");
  EXPECT_EQ(ReasonOf(ask("/start", "Host: x\r\n")), "BODY_TOO_LARGE");
}

}  // namespace
}  // namespace rostrum::gateway
