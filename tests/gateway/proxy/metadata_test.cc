// What reaches a service beside the message.
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/rpc/call_deadline.h"
#include "tests/gateway/proxy/gateway_fixture.h"

namespace rostrum::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

using MetadataTest = GatewayTest;

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";
constexpr char kSpan[] = "b7ad6b7169203331";

std::string PassCookie(const std::string& pass) { return absl::StrCat("__Host-pass=", pass); }

TEST_F(MetadataTest, NothingThatAClientSendsReachesAService) {
  ClientHeaders headers = {
      {"X-Rostrum-Identity", "marker"}, {"X-Rostrum-Visitor", "marker"},
      {"X-Rostrum-Network", "marker"},  {"X-Rostrum-Set-Session", "marker"},
      {"X-Custom", "marker"},           {"X-Bin", "marker"},
      {"X-Forwarded-For", "192.0.2.7"}, {"Grpc-Timeout", "1n"},
      {"Grpc-Metadata-Role", "marker"}, {"X-Rostrum-Deadline", "marker"},
      {"User-Agent", "marker"},         {"Referer", "https://marker.test/"},
      {"Accept-Language", "marker"},    {"Cookie", "other=marker; __Host-session=marker"}};
  ASSERT_EQ(Http().Get("/v1/comments/c1", headers).status, 200);
  // The first are the gateway's, the others gRPC's own.
  const std::set<std::string> expected = {
      kRequestIdKey,     kTraceparentKey,        kVisitorKey,
      kNetworkKey,       kDeadlineKey,           "user-agent",
      "accept-encoding", "grpc-accept-encoding", "grpc-previous-rpc-attempts"};
  const CallLog::Metadata metadata = comments_.log.last();
  for (const auto& [key, value] : metadata) {
    EXPECT_TRUE(expected.contains(key)) << key << ": " << value;
    EXPECT_THAT(value, Not(HasSubstr("marker"))) << key;
    EXPECT_THAT(value, Not(HasSubstr("192.0.2.7"))) << key;
  }
  for (const char* key : {kRequestIdKey, kTraceparentKey, kVisitorKey, kNetworkKey, kDeadlineKey}) {
    EXPECT_EQ(metadata.count(key), 1u) << key;
  }
}

TEST_F(MetadataTest, TheCredentialGoesToAccountOnlyInItsMessage) {
  ASSERT_EQ(CreateComment(AsAna()).status, 200);
  for (const CallLog* log : {&comments_.log, &identities_.log}) {
    ASSERT_EQ(log->count(), 1);
    for (const auto& [key, value] : log->last()) {
      EXPECT_THAT(value, Not(HasSubstr(kAnasSession))) << key;
    }
  }
}

TEST_F(MetadataTest, TheNetworkIsNamedByAKeyedHash) {
  Http().Get("/v1/comments/c1");
  const std::string network = comments_.log.Last(kNetworkKey);
  EXPECT_NE(network, "");
  EXPECT_THAT(network, Not(HasSubstr("127.0.0")));
  clock_.Advance(absl::Minutes(121));
  Http().Get("/v1/comments/c1");
  EXPECT_NE(comments_.log.Last(kNetworkKey), network) << "by another name in another hour";
}

TEST_F(MetadataTest, ARequestIdIsPassedOnAndAnswered) {
  const ClientResponse response = Http().Get("/v1/comments/c1", {{"X-Request-Id", "abc-1.2_3"}});
  EXPECT_EQ(response.Header("x-request-id"), "abc-1.2_3");
  EXPECT_EQ(comments_.log.Last(kRequestIdKey), "abc-1.2_3");
}

TEST_F(MetadataTest, ABadRequestIdIsReplaced) {
  for (const std::string bad : {"a b", "a\"b", "<script>"}) {
    const ClientResponse response = Http().Get("/v1/comments/c1", {{"X-Request-Id", bad}});
    const std::string id = response.Header("x-request-id");
    EXPECT_THAT(id, MatchesRegex("[A-Za-z0-9._-]{1,64}"));
    EXPECT_EQ(comments_.log.Last(kRequestIdKey), id);
  }
  const std::string too_long(65, 'a');
  EXPECT_NE(Http().Get("/v1/comments/c1", {{"X-Request-Id", too_long}}).Header("x-request-id"),
            too_long);
}

TEST_F(MetadataTest, ErrorsHaveTheirRequestIdToo) {
  const ClientResponse response =
      Http().Get("/v1/nowhere", {{"X-Request-Id", "abc"}, {"Authorization", "Basic x"}});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.Header("x-request-id"), "abc");
}

TEST_F(MetadataTest, ATraceGoesOnInASpanOfTheGateway) {
  Http().Get("/v1/comments/c1", {{"Traceparent", absl::StrCat("00-", kTrace, "-", kSpan, "-01")},
                                 {"Tracestate", "vendor=1"}});
  const std::string sent = comments_.log.Last(kTraceparentKey);
  EXPECT_THAT(sent, StartsWith(absl::StrCat("00-", kTrace, "-")));
  EXPECT_THAT(sent, EndsWith("-01"));
  EXPECT_THAT(sent, Not(HasSubstr(kSpan)));
  EXPECT_EQ(comments_.log.Last(kTracestateKey), "vendor=1");
}

TEST_F(MetadataTest, ABadTraceIsReplacedWithItsState) {
  Http().Get("/v1/comments/c1", {{"Traceparent", absl::StrCat("00-", kTrace, "-", kSpan)},
                                 {"Tracestate", "vendor=1"}});
  const std::string sent = comments_.log.Last(kTraceparentKey);
  EXPECT_THAT(sent, MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"));
  EXPECT_THAT(sent, Not(HasSubstr(kTrace)));
  EXPECT_FALSE(comments_.log.last().contains(kTracestateKey));
}

TEST_F(MetadataTest, AFirstVisitGetsAPassThatIsSetOnlyIfTheServiceKeepsIt) {
  const ClientResponse open = Http().Get("/v1/posts/free");
  ASSERT_EQ(open.status, 200) << open.body;
  EXPECT_THAT(posts_.log.Last(kVisitorKey), EndsWith(".fresh"));
  EXPECT_FALSE(open.HasHeader("set-cookie"));

  const ClientResponse metered = Http().Get("/v1/posts/metered");
  const auto sent = VisitorPass::Parse(posts_.log.Last(kVisitorKey));
  ASSERT_TRUE(sent.has_value());
  EXPECT_TRUE(sent->fresh);
  const std::string cookie = SetCookieOf(metered, "__Host-pass");
  EXPECT_THAT(cookie, StartsWith(absl::StrCat(sent->id, ".", sent->secret, ";")));
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("Secure"));
}

TEST_F(MetadataTest, APassThatCameIsPassedOnAndNotSetAgain) {
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  const ClientResponse response =
      Http().Get("/v1/posts/metered", {{"Cookie", PassCookie(pass.ToString())}});
  EXPECT_EQ(posts_.log.Last(kVisitorKey), pass.ToString());
  EXPECT_FALSE(response.HasHeader("set-cookie"));
}

TEST_F(MetadataTest, ABrowserCannotCallItsPassFreshOrMakeOneUp) {
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  for (const std::string& cookie :
       {absl::StrCat(pass.ToString(), ".fresh"), pass.id, absl::StrCat(pass.id, ".short"),
        absl::StrCat(pass.secret, ".", pass.id), std::string("marker")}) {
    const ClientResponse response =
        Http().Get("/v1/posts/metered", {{"Cookie", PassCookie(cookie)}});
    const auto sent = VisitorPass::Parse(posts_.log.Last(kVisitorKey));
    ASSERT_TRUE(sent.has_value()) << cookie;
    EXPECT_TRUE(sent->fresh) << cookie;
    EXPECT_NE(sent->id, pass.id) << cookie;
    EXPECT_NE(SetCookieOf(response, "__Host-pass"), "") << cookie;
  }
}

}  // namespace
}  // namespace rostrum::gateway
