// Who the gateway says calls.
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/gateway/proxy/gateway_fixture.h"

namespace rostrum::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using CallerTest = GatewayTest;

ClientHeaders Bearer(const std::string& token) {
  return {{"Authorization", absl::StrCat("Bearer ", token)}};
}

TEST_F(CallerTest, ASessionCookieBecomesASignedIdentity) {
  const ClientResponse response = CreateComment(AsAna());
  ASSERT_EQ(response.status, 200) << response.body;
  // The service verified the token that named her.
  EXPECT_EQ(Json(response)["author"]["accountId"], kAna);
  EXPECT_EQ(Json(response)["author"]["displayName"], "Ana");
  EXPECT_THAT(comments_.log.Last(kIdentityKey), StartsWith("v4.public."));
}

TEST_F(CallerTest, AnAccessTokenBecomesASignedIdentity) {
  const ClientResponse response = CreateComment(Bearer(kAnasToken));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(Json(response)["author"]["accountId"], kAna);
}

TEST_F(CallerTest, WithoutCredentialsNobodyIsSignedIn) {
  EXPECT_EQ(Http().Get("/v1/comments/c1").status, 200);
  EXPECT_FALSE(comments_.log.last().contains(kIdentityKey));
  const ClientResponse response = CreateComment({});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(ReasonOf(response), "LOGIN_REQUIRED");
  EXPECT_THAT(response.Header("www-authenticate"), StartsWith("Bearer"));
  EXPECT_EQ(identities_.asked(), 0);
}

TEST_F(CallerTest, ASessionThatIsOverIsNobodys) {
  const ClientHeaders headers = {{"Cookie", "__Host-session=ended"}, {"Origin", kOrigin}};
  const ClientResponse read = Http().Get("/v1/comments/c1", headers);
  EXPECT_EQ(read.status, 200);
  EXPECT_THAT(SetCookieOf(read, "__Host-session"), HasSubstr("Max-Age=0"))
      << "the browser is to bring it no more";
  EXPECT_FALSE(comments_.log.last().contains(kIdentityKey));
  const ClientResponse response = CreateComment(headers);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(ReasonOf(response), "LOGIN_REQUIRED");
}

TEST_F(CallerTest, ASessionThatIsOverCostsOthersNothing) {
  absl::Notification answered;
  identities_.answer = &answered;
  std::thread ana([&] { EXPECT_EQ(CreateComment(AsAna()).status, 200); });
  EXPECT_TRUE(Eventually([&] { return identities_.asked() == 1; }));
  Http().Get("/v1/comments/c1", {{"Cookie", "__Host-session=ended"}});
  EXPECT_EQ(identities_.asked(), 2);
  answered.Notify();
  ana.join();
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  EXPECT_EQ(identities_.asked(), 2) << "what was under way was kept";
}

TEST_F(CallerTest, WhatAScriptAskedForTakesNoCookieOfALogInMeanwhile) {
  for (const std::string mode : {"cors", "same-origin", "no-cors"}) {
    const ClientResponse read = Http().Get(
        "/v1/comments/c1", {{"Cookie", "__Host-session=ended"}, {"Sec-Fetch-Mode", mode}});
    EXPECT_EQ(read.status, 200) << mode;
    EXPECT_EQ(SetCookieOf(read, "__Host-session"), "") << mode;
  }
  const ClientResponse page = Http().Get(
      "/v1/comments/c1", {{"Cookie", "__Host-session=ended"}, {"Sec-Fetch-Mode", "navigate"}});
  EXPECT_THAT(SetCookieOf(page, "__Host-session"), HasSubstr("Max-Age=0"));
}

TEST_F(CallerTest, AnUnknownAccessTokenIsRefused) {
  const ClientResponse response = Http().Get("/v1/comments/c1", Bearer("rst_unknown"));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(ReasonOf(response), "CREDENTIAL_INVALID");
  EXPECT_NE(response.Header("www-authenticate"), "");
  EXPECT_EQ(comments_.log.count(), 0);
}

TEST_F(CallerTest, WhatCannotBeACredentialIsNotAskedFor) {
  for (const std::string value : {"Basic YTpi", "Bearer", "Bearer a b", "Bearer t\xc3\xb6ken"}) {
    const ClientResponse response = Http().Get("/v1/comments/c1", {{"Authorization", value}});
    EXPECT_EQ(response.status, 401) << value;
    EXPECT_EQ(ReasonOf(response), "CREDENTIAL_INVALID") << value;
  }
  EXPECT_EQ(Http().Get("/v1/comments/c1", Bearer(std::string(257, 'a'))).status, 401);
  EXPECT_EQ(Http().Get("/v1/comments/c1", {{"Cookie", "__Host-session=t\xc3\xb6ken"}}).status, 200);
  EXPECT_EQ(identities_.asked(), 0);
}

TEST_F(CallerTest, ACookieWithoutThePrefixIsNotOurs) {
  const ClientHeaders headers = {{"Cookie", absl::StrCat("session=", kAnasSession)},
                                 {"Origin", kOrigin}};
  EXPECT_EQ(CreateComment(headers).status, 401);
  EXPECT_EQ(identities_.asked(), 0);
}

TEST_F(CallerTest, AnIdentityIsKeptUntilShortlyBeforeItExpires) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(CreateComment(AsAna()).status, 200);
  EXPECT_EQ(identities_.asked(), 1);
  clock_.Advance(kIdentityLifetime - absl::Seconds(5));
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  EXPECT_EQ(identities_.asked(), 2);
}

TEST_F(CallerTest, ARevokedSessionIsAskedForAgain) {
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  running_->identities.DropSession("another");
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  EXPECT_EQ(identities_.asked(), 1);
  running_->identities.DropSession("22222222-2222-7222-8222-222222222222");
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  EXPECT_EQ(identities_.asked(), 2);
  running_->identities.DropAccount(kAna);
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  EXPECT_EQ(identities_.asked(), 3);
}

TEST_F(CallerTest, GuessingOfCredentialsIsLimited) {
  browser_.lookups = {.burst = 2, .period = absl::Minutes(1)};
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  EXPECT_EQ(Http().Get("/v1/comments/c1", Bearer("rst_guess1")).status, 401);
  const ClientResponse response = Http().Get("/v1/comments/c1", Bearer("rst_guess2"));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(ReasonOf(response), "RATE_LIMITED");
  EXPECT_NE(response.Header("retry-after"), "");
  EXPECT_EQ(identities_.asked(), 2);
  EXPECT_EQ(CreateComment(AsAna()).status, 200) << "who is known goes on";
}

TEST_F(CallerTest, WhileAccountIsAwayTheKnownAndVisitorsGoOn) {
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  account_.Stop();
  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  EXPECT_EQ(Http().Get("/v1/comments/c1").status, 200);
  const ClientResponse response = CreateComment(Bearer(kAnasToken));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(ReasonOf(response), "UNAVAILABLE");
  EXPECT_NE(response.Header("retry-after"), "");
}

TEST_F(CallerTest, LoggingInSetsTheCookieAndLoggingOutTakesIt) {
  const ClientHeaders json = {{"Content-Type", "application/json"}, {"Origin", kOrigin}};
  const ClientResponse in =
      Http().Post("/v1/sessions", R"({"email":"ana@rostrum.test","password":"secret"})", json);
  ASSERT_EQ(in.status, 200) << in.body;
  const std::string cookie = SetCookieOf(in, "__Host-session");
  EXPECT_THAT(cookie, StartsWith(absl::StrCat(kNewSession, ";")));
  for (const char* attribute : {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"}) {
    EXPECT_THAT(cookie, HasSubstr(attribute));
  }
  EXPECT_THAT(in.body, Not(HasSubstr(kNewSession)));

  EXPECT_EQ(CreateComment(AsAna()).status, 200);
  ClientHeaders headers = AsAna({{"Content-Type", "application/json"}});
  const ClientResponse out = Http().Post("/v1/sessions:logOut", "{}", headers);
  ASSERT_EQ(out.status, 200) << out.body;
  EXPECT_THAT(SetCookieOf(out, "__Host-session"), HasSubstr("Max-Age=0"));
  EXPECT_EQ(identities_.asked(), 1);
  CreateComment(AsAna());
  EXPECT_EQ(identities_.asked(), 2) << "what was kept of the session is gone";
}

}  // namespace
}  // namespace rostrum::gateway
