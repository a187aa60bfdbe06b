// Unary calls from end to end.
#include "gateway/proxy/api.h"

#include <future>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/gateway/proxy/gateway_fixture.h"

namespace rostrum::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using ApiTest = GatewayTest;

TEST_F(ApiTest, AnswersInJson) {
  const ClientResponse response = Http().Get("/v1/comments/c1");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("content-type"), "application/json");
  EXPECT_EQ(response.Header("cache-control"), "private, no-cache");
  EXPECT_EQ(Json(response)["commentId"], "c1");
  EXPECT_EQ(Json(response)["replyCount"], 0);
}

TEST_F(ApiTest, AKnownEtagIsAnswered304) {
  const std::string etag = Http().Get("/v1/comments/c1").Header("etag");
  EXPECT_THAT(etag, ::testing::StartsWith("\"v1."));
  const ClientResponse same = Http().Get("/v1/comments/c1", {{"If-None-Match", "W/" + etag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.Header("etag"), etag);
  // Of the same version there may be another body.
  EXPECT_EQ(Http().Get("/v1/comments/c1", {{"If-None-Match", "\"v1\""}}).status, 200);
}

TEST_F(ApiTest, AnEtagBesideTheMessageCounts) {
  EXPECT_EQ(Http().Get("/v1/posts/p1").Header("etag"), "\"granted-3\"");
  EXPECT_EQ(Http().Get("/v1/posts/p1", {{"If-None-Match", "\"granted-3\""}}).status, 304);
  EXPECT_EQ(Http().Get("/v1/posts/p1", {{"If-None-Match", "\"denied-3\""}}).status, 200);
}

TEST_F(ApiTest, WhatIsTheSameForVisitorsIsAskedForWithoutTheVisitor) {
  const ClientResponse first = Http().Get("/v1/posts?channel=c1", {{"Cookie", "__Host-pass=x.y"}});
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(Json(first)["posts"][0]["postId"], "c1");
  EXPECT_EQ(posts_.log.Last(kNetworkKey), "");
  EXPECT_EQ(posts_.log.Last(kVisitorKey), "");
  EXPECT_EQ(SetCookieOf(first, "__Host-pass"), "");
  EXPECT_EQ(Http().Get("/v1/posts?channel=c1").body, first.body);
  EXPECT_EQ(Json(Http().Get("/v1/posts?channel=c2"))["posts"][0]["postId"], "c2");
  EXPECT_EQ(posts_.log.count(), 3);

  posts_.renamed = true;  // an answer is never older than its request
  EXPECT_EQ(Json(Http().Get("/v1/posts?channel=c1"))["posts"][0]["title"], "War");
}

TEST_F(ApiTest, WhoAsksTheSameAtTheSameTimeSharesACall) {
  Port();  // starts the gateway
  posts_.hold = true;
  const auto ask = [this] { return Http().Get("/v1/posts?channel=c1").body; };
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(std::async(std::launch::async, ask));
  EXPECT_TRUE(Eventually([&] { return sharers("content") == 4 && posts_.log.count() == 1; }));
  posts_.hold = false;
  for (auto& answer : answers) EXPECT_THAT(answer.get(), HasSubstr("Peace"));
  EXPECT_EQ(posts_.log.count(), 2);
}

TEST_F(ApiTest, ASharedAnswerIsMadeOnce) {
  const ClientResponse first = Http().Get("/v1/channels/c1");
  content::v1::GetChannelRequest request;
  request.set_channel("c1");
  const SharedCall call{.service = "content",
                        .method = "/rostrum.content.v1.CatalogService/GetChannel",
                        .request = request.SerializeAsString()};
  const StoredResponsePtr first_made = made().Find(call.Key(), "1");
  ASSERT_NE(first_made, nullptr);
  EXPECT_EQ(first_made->Answer({}).bytes(), first.body);
  made().Keep(call.Key(), "1", StoreText("kept"));
  EXPECT_EQ(Http().Get("/v1/channels/c1").body, "kept");
  EXPECT_NE(Http().Get("/v1/channels/c1", AsAna()).body, "kept");
}

TEST_F(ApiTest, ASharedAnswerHasTheEtagOfTheResourceAndIsCompressed) {
  const ClientResponse plain = Http().Get("/v1/channels/c1");
  const std::string etag = plain.Header("etag");
  EXPECT_THAT(etag, ::testing::StartsWith("\"v1."));
  EXPECT_EQ(plain.Header("cache-control"), "private, no-cache");
  EXPECT_EQ(Http().Get("/v1/channels/c1", AsAna()).Header("etag"), etag);
  const ClientResponse packed = Http().Get("/v1/channels/c1", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed.Header("content-encoding"), "gzip");
  EXPECT_EQ(packed.Header("etag"), "W/" + etag);
  EXPECT_LT(packed.body.size(), 500u);
  for (const ClientResponse& answer : {plain, packed}) {
    EXPECT_EQ(answer.Header("vary"), "Accept-Encoding");
    const ClientResponse same =
        Http().Get("/v1/channels/c1", {{"If-None-Match", answer.Header("etag")}});
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(same.Header("vary"), "Accept-Encoding");
  }
  const ClientResponse head = Http().Do("HEAD", "/v1/channels/c1", "", {});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), std::to_string(plain.body.size()));
}

TEST_F(ApiTest, WhoHasAnAccountAsksAlone) {
  EXPECT_EQ(Http().Get("/v1/posts?channel=c1", AsAna()).status, 200);
  EXPECT_NE(posts_.log.Last(kIdentityKey), "");
}

TEST_F(ApiTest, ASharedAnswerEndsASessionThatIsOver) {
  const ClientResponse answer = Http().Get("/v1/posts", {{"Cookie", "__Host-session=ended"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(SetCookieOf(answer, "__Host-session"), HasSubstr("Max-Age=0"));
}

TEST_F(ApiTest, ErrorsOfSharedCallsAreTheServices) {
  const ClientResponse response = Http().Get("/v1/posts?channel=none");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(ReasonOf(response), "CHANNEL_NOT_FOUND");
}

TEST_F(ApiTest, IfMatchIsTheServicesToJudge) {
  const std::string etag = Http().Get("/v1/comments/c1").Header("etag");
  for (const std::string& present : {etag, std::string("\"v1\"")}) {
    EXPECT_EQ(Http().Do("DELETE", "/v1/comments/c1", "", AsAna({{"If-Match", present}})).status,
              200);
  }
  const ClientResponse stale =
      Http().Do("DELETE", "/v1/comments/c1", "", AsAna({{"If-Match", "\"v0\""}}));
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(ReasonOf(stale), "ETAG_MISMATCH");
}

TEST_F(ApiTest, TheIdempotencyKeyIsTheRequestId) {
  const ClientResponse response = CreateComment(AsAna({{"Idempotency-Key", "key-1"}}));
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(Json(response)["commentId"], "key-1");
  EXPECT_EQ(Json(response)["postId"], "p1");
}

TEST_F(ApiTest, FieldsAtFaultAreNamedWithTheirReasons) {
  const ClientResponse response = CreateComment(AsAna(), "{}");
  EXPECT_EQ(response.status, 400);
  const nlohmann::json details = Json(response)["error"]["details"];
  ASSERT_EQ(details.size(), 2u) << response.body;
  EXPECT_EQ(details[0]["domain"], "comment.rostrum");
  EXPECT_EQ(details[1]["fieldViolations"], nlohmann::json::parse(R"([
      {"field": "comment.body", "reason": "REQUIRED", "description": "must not be empty"}])"));
}

TEST_F(ApiTest, AnErrorKeepsItsTimeToWait) {
  const ClientResponse response = Http().Get("/v1/comments/busy");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(ReasonOf(response), "BUSY");
  EXPECT_EQ(response.Header("retry-after"), "7");
}

TEST_F(ApiTest, WhatBrokeInAServiceIsNotTold) {
  const ClientResponse response = Http().Get("/v1/comments/broken");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, Not(HasSubstr("password")));
  EXPECT_NE(ReasonOf(response), "");
}

TEST_F(ApiTest, RequestsThatAreNoneNeverReachAService) {
  EXPECT_EQ(CreateComment(AsAna(), "{\"body\":").status, 400);
  EXPECT_EQ(CreateComment(AsAna(), R"({"text":"x"})").status, 400);
  const ClientResponse method = Http().Do("PUT", "/v1/comments/c1", "", AsAna());
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.Header("allow"), HasSubstr("GET"));
  EXPECT_EQ(comments_.log.count(), 0);
}

TEST_F(ApiTest, AnotherSiteCannotActForTheReader) {
  const std::string cookie = absl::StrCat("__Host-session=", kAnasSession);
  for (const ClientHeaders& headers :
       {ClientHeaders{{"Cookie", cookie}},
        ClientHeaders{{"Cookie", cookie}, {"Origin", "https://evil.test"}},
        ClientHeaders{{"Cookie", cookie}, {"Origin", "null"}},
        ClientHeaders{{"Cookie", cookie}, {"Origin", kOrigin}, {"Sec-Fetch-Site", "cross-site"}},
        ClientHeaders{{"Cookie", cookie}, {"Sec-Fetch-Site", "same-site"}},
        ClientHeaders{{"Origin", "https://evil.test"}}}) {
    const ClientResponse response = CreateComment(headers);
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(ReasonOf(response), "CROSS_SITE_REQUEST");
  }
  EXPECT_EQ(comments_.log.count(), 0);
  EXPECT_EQ(identities_.asked(), 0);
  EXPECT_EQ(CreateComment({{"Cookie", cookie}, {"Sec-Fetch-Site", "same-origin"}}).status, 200);
}

TEST_F(ApiTest, ReadsOfANetworkAreLimited) {
  limits_.reads = {.burst = 2, .period = absl::Minutes(1)};
  EXPECT_EQ(Http().Get("/v1/comments/c1").status, 200);
  EXPECT_EQ(Http().Get("/v1/comments/c1").status, 200);
  const ClientResponse response = Http().Get("/v1/comments/c1");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(ReasonOf(response), "RATE_LIMITED");
  EXPECT_EQ(response.Header("retry-after"), "30");
  EXPECT_EQ(comments_.log.count(), 2);
  EXPECT_EQ(Http().Get("/v1/comments/c1", AsAna()).status, 200) << "an account has its own";
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(Http().Get("/v1/comments/c1").status, 200);
}

TEST_F(ApiTest, WritesOfAnAccountAreLimitedApartFromItsReads) {
  limits_.writes = {.burst = 1, .period = absl::Minutes(1)};
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  const ClientResponse response = CreateComment(AsAna());
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(ReasonOf(response), "RATE_LIMITED");
  EXPECT_EQ(comments_.log.count(), 1);
  EXPECT_EQ(Http().Get("/v1/comments/c1", AsAna()).status, 200);
}

TEST_F(ApiTest, AServiceThatIsAwayIs503UntilItIsBack) {
  EXPECT_EQ(Http().Get("/v1/comments/c1").status, 200);
  const std::string target = comment_.target();
  comment_.Stop();
  const ClientResponse response = Http().Get("/v1/comments/c1");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Json(response)["error"]["status"], "UNAVAILABLE");
  EXPECT_EQ(ReasonOf(response), "UNAVAILABLE");
  EXPECT_NE(response.Header("retry-after"), "");
  EXPECT_THAT(response.body, Not(HasSubstr(target)));
  EXPECT_EQ(Http().Get("/v1/posts/p1").status, 200) << "the others go on";
  comment_.Restart();
  EXPECT_TRUE(Eventually([&] { return Http().Get("/v1/comments/c1").status == 200; }));
}

TEST_F(ApiTest, AServiceThatIsTooSlowIs504) {
  api_.read_timeout = absl::Milliseconds(300);
  const ClientResponse response = Http().Get("/v1/comments/slow");
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(Json(response)["error"]["status"], "DEADLINE_EXCEEDED");
  EXPECT_TRUE(Eventually([&] { return comments_.waiting == 0; })) << "the service was told";
}

TEST_F(ApiTest, WhatAReplicaHangsAtIsAskedOnceMore) {
  api_.read_timeout = absl::Seconds(9);
  EXPECT_EQ(Http().Get("/v1/comments/hangs").status, 200);
  EXPECT_EQ(comments_.log.count(), 2);
}

TEST_F(ApiTest, WhatMustNotBeRepeatedIsAskedOnceOnly) {
  api_.write_timeout = absl::Seconds(1);
  const ClientResponse response = Http().Do("PATCH", "/v1/comments/c1", R"({"body":"x"})",
                                            AsAna({{"Content-Type", "application/json"}}));
  EXPECT_EQ(response.status, 504) << response.body;
  EXPECT_EQ(comments_.log.count(), 1);
}

TEST_F(ApiTest, StoppingInTheMiddleOfACallEndsTheCall) {
  testing::RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send("GET /v1/comments/slow HTTP/1.1\r\nHost: rostrum.test\r\n\r\n"));
  ASSERT_TRUE(Eventually([&] { return comments_.waiting == 1; }));
  running_.reset();
  EXPECT_TRUE(connection.Closed());
  EXPECT_TRUE(Eventually([&] { return comments_.waiting == 0; }));
}

TEST_F(ApiTest, CallsAreCountedByMethodAndOutcome) {
  Http().Get("/v1/comments/c1");
  Http().Get("/v1/comments/busy");
  const std::string metrics = running_->metrics.Expose();
  for (const char* code : {"OK", "RESOURCE_EXHAUSTED"}) {
    EXPECT_THAT(
        metrics,
        HasSubstr(absl::StrCat(
            "grpc_client_handled_total{grpc_code=\"", code,
            "\",grpc_method=\"GetComment\",grpc_service=\"rostrum.comment.v1.CommentService\","
            "grpc_type=\"unary\"} 1")));
  }
}

}  // namespace
}  // namespace rostrum::gateway
