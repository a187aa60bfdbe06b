#include "tests/services/account/account_harness.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

const CounterFamily kHashes{"password_hashes_total", "Password hashes made or checked."};

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kPassword[] = "nine owls at noon";

class SessionServiceTest : public AccountServiceFixture {
 protected:
  absl::Status RequestLink(const std::string& email, const std::string& return_path = "/p/peace") {
    grpc::ClientContext ctx;
    h_.server.AsAnonymous(ctx);
    v1::RequestLoginLinkRequest request;
    request.set_email(email);
    request.set_return_path(return_path);
    v1::RequestLoginLinkResponse response;
    return FromGrpcStatus(h_.sessions->RequestLoginLink(&ctx, request, &response));
  }
  absl::StatusOr<v1::RedeemLoginLinkResponse> Redeem(const std::string& token,
                                                     std::string* session = nullptr) {
    grpc::ClientContext ctx;
    h_.server.AsAnonymous(ctx);
    v1::RedeemLoginLinkRequest request;
    request.set_token(token);
    v1::RedeemLoginLinkResponse response;
    RETURN_IF_ERROR(FromGrpcStatus(h_.sessions->RedeemLoginLink(&ctx, request, &response)));
    if (session != nullptr) *session = *GrpcTestServer::Answered(ctx, kSetSessionKey);
    return response;
  }
  absl::Status RequestReset(const std::string& email) {
    grpc::ClientContext ctx;
    h_.server.AsAnonymous(ctx);
    v1::RequestPasswordResetRequest request;
    request.set_email(email);
    v1::RequestPasswordResetResponse response;
    return FromGrpcStatus(h_.sessions->RequestPasswordReset(&ctx, request, &response));
  }
  absl::Status Revoke(const Member& member, const std::string& session_id) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::RevokeSessionRequest request;
    request.set_session_id(session_id);
    v1::RevokeSessionResponse response;
    return FromGrpcStatus(h_.sessions->RevokeSession(&ctx, request, &response));
  }
  std::vector<v1::Session> List(const Member& member) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::ListSessionsResponse response;
    EXPECT_THAT(h_.sessions->ListSessions(&ctx, {}, &response), IsOk());
    return {response.sessions().begin(), response.sessions().end()};
  }
};

TEST_F(SessionServiceTest, LogsInWithPasswordWhateverTheCaseOfTheAddress) {
  const Member member = h_.MakeMember("Ada@Example.org", kPassword);
  std::string token;
  const auto session = h_.LogIn("ada@example.ORG", kPassword, &token);
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->account_id(), member.account_id.value());
  EXPECT_NE(session->session_id(), member.session_id.value());
  EXPECT_THAT(h_.Resolve(token), IsOk());
}

TEST_F(SessionServiceTest, FailedLoginsAreAlike) {
  h_.MakeMember("ada@example.org", kPassword);
  h_.MakeMember("link-only@example.org");
  const auto unknown = h_.LogIn("nobody@example.org", kPassword);
  const auto wrong = h_.LogIn("ada@example.org", "ten owls at noon");
  const auto without = h_.LogIn("link-only@example.org", kPassword);
  EXPECT_THAT(unknown,
              AllOf(StatusIs(absl::StatusCode::kUnauthenticated), HasReason("LOGIN_FAILED")));
  EXPECT_EQ(unknown.status().ToString(), wrong.status().ToString());
  EXPECT_EQ(unknown.status().ToString(), without.status().ToString());
}

TEST_F(SessionServiceTest, EveryLoginCostsOneHash) {
  h_.MakeMember("ada@example.org", kPassword);
  h_.MakeMember("link-only@example.org");
  prometheus::Counter& hashes = h_.server.metrics().Counter(kHashes);
  double before = hashes.Value();
  for (const char* email : {"ada@example.org", "link-only@example.org", "nobody@example.org"}) {
    EXPECT_THAT(h_.LogIn(email, "ten owls at noon"), HasReason("LOGIN_FAILED"));
    EXPECT_EQ(hashes.Value(), ++before) << email;
  }
  for (const char* email : {"ada@example.org", "nobody@example.org"}) {
    v1::SignUpRequest request = h_.SignUpRequest(email);
    request.set_password(kPassword);
    EXPECT_THAT(h_.SignUp(request), IsOk());
    EXPECT_EQ(hashes.Value(), ++before) << email;
  }
}

TEST_F(SessionServiceTest, LoginFieldsAreChecked) {
  EXPECT_THAT(h_.LogIn("ada", kPassword), HasViolation("email"));
  EXPECT_THAT(h_.LogIn("ada@example.org", ""), HasViolation("password"));
  EXPECT_THAT(h_.LogIn("ada@example.org", std::string(10'000, 'x')), HasViolation("password"));
}

TEST_F(SessionServiceTest, LoggingInAgainEndsTheSessionOfTheBrowser) {
  const Member member = h_.MakeMember("ada@example.org", kPassword);
  grpc::ClientContext ctx;
  h_.As(ctx, member);
  v1::LogInRequest request;
  request.set_email(member.email);
  request.set_password(kPassword);
  v1::Session session;
  ASSERT_THAT(h_.sessions->LogIn(&ctx, request, &session), IsOk());
  EXPECT_THAT(h_.Resolve(member.token), HasReason("CREDENTIAL_INVALID"));
}

TEST_F(SessionServiceTest, LogOutEndsTheSessionAndIsRepeatable) {
  const Member member = h_.MakeMember("ada@example.org");
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::LogOutResponse response;
    ASSERT_THAT(h_.sessions->LogOut(&ctx, {}, &response), IsOk());
    EXPECT_EQ(GrpcTestServer::Answered(ctx, kSetSessionKey), "");
  }
  EXPECT_THAT(h_.Resolve(member.token), HasReason("CREDENTIAL_INVALID"));
  grpc::ClientContext nobody;
  h_.server.AsAnonymous(nobody);
  v1::LogOutResponse response;
  EXPECT_THAT(h_.sessions->LogOut(&nobody, {}, &response), IsOk());
}

TEST_F(SessionServiceTest, ListsSessionsAndSaysWhichIsInUse) {
  const Member member = h_.MakeMember("ada@example.org", kPassword);
  h_.clock().Advance(absl::Hours(2));
  ASSERT_THAT(h_.LogIn(member.email, kPassword), IsOk());
  const std::vector<v1::Session> sessions = List(member);
  ASSERT_THAT(sessions, SizeIs(2));
  EXPECT_FALSE(sessions[0].current());
  EXPECT_TRUE(sessions[1].current());
  EXPECT_EQ(sessions[1].session_id(), member.session_id.value());
}

TEST_F(SessionServiceTest, RevokesOwnSessionsOnly) {
  const Member ada = h_.MakeMember("ada@example.org");
  const Member eve = h_.MakeMember("eve@example.org");
  EXPECT_THAT(Revoke(eve, ada.session_id.value()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Revoke(eve, "nonsense"), HasViolation("session_id"));
  EXPECT_THAT(h_.Resolve(ada.token), IsOk());
  EXPECT_THAT(Revoke(ada, ada.session_id.value()), IsOk());
  EXPECT_THAT(h_.Resolve(ada.token), HasReason("CREDENTIAL_INVALID"));
}

TEST_F(SessionServiceTest, RevokesTheOthers) {
  const Member member = h_.MakeMember("ada@example.org", kPassword);
  std::string other;
  ASSERT_THAT(h_.LogIn(member.email, kPassword, &other), IsOk());
  grpc::ClientContext ctx;
  h_.As(ctx, member);
  v1::RevokeOtherSessionsResponse response;
  ASSERT_THAT(h_.sessions->RevokeOtherSessions(&ctx, {}, &response), IsOk());
  EXPECT_EQ(response.revoked_count(), 1);
  EXPECT_THAT(h_.Resolve(other), HasReason("CREDENTIAL_INVALID"));
  EXPECT_THAT(h_.Resolve(member.token), IsOk());
}

TEST_F(SessionServiceTest, SessionsNeedALogin) {
  grpc::ClientContext ctx;
  h_.server.AsAnonymous(ctx);
  v1::ListSessionsResponse response;
  EXPECT_THAT(h_.sessions->ListSessions(&ctx, {}, &response), HasReason("LOGIN_REQUIRED"));
}

TEST_F(SessionServiceTest, LoginLinkWorksOnceAndGoesBack) {
  const Member member = h_.MakeMember("ada@example.org");
  ASSERT_THAT(RequestLink("ADA@example.org"), IsOk());
  const Mail mail = h_.TakeMail();
  EXPECT_THAT(Readable(mail.bytes), HasSubstr("https://example.org/login/link?token="));
  std::string session;
  const auto redeemed = Redeem(TokenIn(mail), &session);
  ASSERT_THAT(redeemed, IsOk());
  EXPECT_EQ(redeemed->return_path(), "/p/peace");
  EXPECT_EQ(redeemed->session().account_id(), member.account_id.value());
  EXPECT_THAT(h_.Resolve(session), IsOk());
  EXPECT_THAT(Redeem(TokenIn(mail)),
              AllOf(StatusIs(absl::StatusCode::kUnauthenticated), HasReason("LINK_INVALID")));
}

TEST_F(SessionServiceTest, UsingALinkVoidsItsSiblings) {
  h_.MakeMember("ada@example.org");
  ASSERT_THAT(RequestLink("ada@example.org"), IsOk());
  const std::string first = TokenIn(h_.TakeMail());
  ASSERT_THAT(RequestLink("ada@example.org"), IsOk());
  const std::string second = TokenIn(h_.TakeMail());
  ASSERT_THAT(Redeem(first), IsOk());
  EXPECT_THAT(Redeem(second), HasReason("LINK_INVALID"));
}

TEST_F(SessionServiceTest, LinksExpireAndAreForOnePurpose) {
  h_.MakeMember("ada@example.org");
  ASSERT_THAT(RequestLink("ada@example.org"), IsOk());
  const std::string login = TokenIn(h_.TakeMail());
  ASSERT_THAT(RequestReset("ada@example.org"), IsOk());
  const std::string reset = TokenIn(h_.TakeMail());
  EXPECT_THAT(Redeem(reset), HasReason("LINK_INVALID"));
  EXPECT_THAT(h_.ResetPassword(login, kPassword), HasReason("LINK_INVALID"));
  EXPECT_THAT(Redeem(""), HasReason("LINK_INVALID"));
  EXPECT_THAT(Redeem(std::string(10'000, 'x')), HasReason("LINK_INVALID"));
  h_.clock().Advance(absl::Minutes(30));
  EXPECT_THAT(Redeem(login), HasReason("LINK_INVALID"));
  EXPECT_THAT(h_.ResetPassword(reset, kPassword), HasReason("LINK_INVALID"));
}

TEST_F(SessionServiceTest, UnknownAddressesGetTheSameAnswerAndARowEach) {
  h_.MakeMember("ada@example.org");
  const size_t before = stores_.data.mails.size();
  EXPECT_THAT(RequestLink("ada@example.org"), IsOk());
  EXPECT_THAT(RequestLink("nobody@example.org"), IsOk());
  EXPECT_THAT(RequestReset("ada@example.org"), IsOk());
  EXPECT_THAT(RequestReset("nobody@example.org"), IsOk());
  EXPECT_EQ(stores_.data.mails.size(), before + 4);
  const std::vector<Mail> sent = h_.TakeMails();
  EXPECT_THAT(sent, AllOf(SizeIs(2), Each(testing::Field(&Mail::recipient, "ada@example.org"))));
}

TEST_F(SessionServiceTest, LinkFieldsAreChecked) {
  EXPECT_THAT(RequestLink("ada@example.org\r\nBcc: x"), HasViolation("email"));
  for (const char* path : {"//evil", "https://evil", "/\\evil", "javascript:alert(1)"}) {
    EXPECT_THAT(RequestLink("ada@example.org", path), HasViolation("return_path"));
  }
  EXPECT_THAT(RequestReset("ada"), HasViolation("email"));
}

TEST_F(SessionServiceTest, ResetSetsThePasswordEndsAllSessionsAndSaysSo) {
  const Member member = h_.MakeMember("ada@example.org", kPassword);
  ASSERT_THAT(RequestLink(member.email), IsOk());
  const std::string link = TokenIn(h_.TakeMail());
  ASSERT_THAT(RequestReset(member.email), IsOk());
  const Mail mail = h_.TakeMail();
  EXPECT_THAT(Readable(mail.bytes), HasSubstr("https://example.org/reset?token="));
  EXPECT_THAT(h_.ResetPassword(TokenIn(mail), "password1"), HasViolation("new_password"));
  ASSERT_THAT(h_.ResetPassword(TokenIn(mail), "ten owls at midnight"), IsOk());
  EXPECT_THAT(Readable(h_.TakeMail().bytes),
              AllOf(HasSubstr("was just changed"), HasSubstr("every access token revoked")));
  EXPECT_THAT(h_.Resolve(member.token), HasReason("CREDENTIAL_INVALID"));
  EXPECT_THAT(h_.LogIn(member.email, kPassword), HasReason("LOGIN_FAILED"));
  EXPECT_THAT(h_.LogIn(member.email, "ten owls at midnight"), IsOk());
  EXPECT_THAT(h_.ResetPassword(TokenIn(mail), kPassword), HasReason("LINK_INVALID"));
  EXPECT_THAT(Redeem(link), HasReason("LINK_INVALID"));
}

TEST(LoginLimitsTest, GuessesAtOneAddressAreLimitedKnownOrNot) {
  FakeStores stores;
  HarnessOptions options;
  options.limits.login_per_account = {.burst = 3, .period = absl::Hours(1)};
  AccountHarness h(stores.refs(), options);
  h.MakeMember("ada@example.org", kPassword);
  for (const char* email : {"ada@example.org", "nobody@example.org"}) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_THAT(h.LogIn(email, "ten owls at noon"), HasReason("LOGIN_FAILED"));
    }
    EXPECT_THAT(h.LogIn(email, kPassword), HasReason("RATE_LIMITED"));
  }
  h.clock().Advance(absl::Minutes(20));
  EXPECT_THAT(h.LogIn("ada@example.org", kPassword), IsOk());
}

TEST(LoginLimitsTest, GuessesFromOneNetworkAreLimited) {
  FakeStores stores;
  HarnessOptions options;
  options.limits.login_per_network = {.burst = 2, .period = absl::Minutes(5)};
  AccountHarness h(stores.refs(), options);
  const auto log_in = [&](const std::string& email, const std::string& network) {
    grpc::ClientContext ctx;
    h.server.AsAnonymous(ctx);
    GrpcTestServer::WithNetwork(ctx, network);
    v1::LogInRequest request;
    request.set_email(email);
    request.set_password(kPassword);
    v1::Session response;
    return FromGrpcStatus(h.sessions->LogIn(&ctx, request, &response));
  };
  EXPECT_THAT(log_in("a@example.org", "net-one"), HasReason("LOGIN_FAILED"));
  EXPECT_THAT(log_in("b@example.org", "net-one"), HasReason("LOGIN_FAILED"));
  EXPECT_THAT(log_in("c@example.org", "net-one"), HasReason("RATE_LIMITED"));
  EXPECT_THAT(log_in("c@example.org", "net-two"), HasReason("LOGIN_FAILED"));
}

}  // namespace
}  // namespace rostrum::account
