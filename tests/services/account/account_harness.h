#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/account/account_service.h"
#include "services/account/identity_service.h"
#include "services/account/session_service.h"
#include "services/account/sign_up_service.h"
#include "tests/services/account/fake_account_store.h"
#include "tests/services/account/fake_credential_stores.h"
#include "tests/services/account/fake_sign_up_store.h"
#include "tests/services/account/fake_subscription_client.h"
#include "tests/support/grpc_fixture.h"

namespace rostrum::account {

// The stores that a service is built on: fakes, or PostgreSQL.
struct StoreRefs {
  AccountStore& accounts;
  SignUpStore& sign_ups;
  SessionStore& sessions;
  OneTimeTokenStore& one_time_tokens;
  AccessTokenStore& access_tokens;
  MailQueue& mails;
};

struct FakeStores {
  FakeAccountData data;
  FakeAccountStore accounts{data};
  FakeSignUpStore sign_ups{data};
  FakeSessionStore sessions{data};
  FakeOneTimeTokenStore one_time_tokens{data};
  FakeAccessTokenStore access_tokens{data};
  FakeMailQueue mails{data};

  StoreRefs refs() { return {accounts, sign_ups, sessions, one_time_tokens, access_tokens, mails}; }
};

// Limits that no test meets by accident.
inline LimitRates WideLimits() {
  const Rate wide{.burst = 100'000, .period = absl::Hours(1)};
  return {wide, wide, wide, wide, wide, wide, wide};
}
// Argon2 as cheap as libsodium makes it.
inline PasswordOptions CheapPasswords() {
  return {.memory_kib = 8, .ops = 1, .threads = 2, .queue = 64};
}

struct HarnessOptions {
  LimitRates limits = WideLimits();
  PasswordOptions password = CheapPasswords();
};

// Decodes the quoted-printable of a mail.
std::string Readable(const std::string& mail_bytes);
// The token of the link, or the code, in a mail; fails the test if there is none.
std::string TokenIn(const Mail& mail);
std::string CodeIn(const Mail& mail);

// Somebody with an account and an open session.
struct Member {
  AccountId account_id;
  SessionId session_id;
  std::string token;
  std::string email;
};

// The whole service behind a real gRPC server, without its workers.
class AccountHarness {
 public:
  explicit AccountHarness(StoreRefs stores, const HarnessOptions& options = {});
  ~AccountHarness() { server.Stop(); }

  // Everything queued since the last time, in order.
  std::vector<Mail> TakeMails();
  // The only one of them.
  Mail TakeMail();

  v1::SignUpRequest SignUpRequest(const std::string& email) const;
  absl::StatusOr<v1::SignUpResponse> SignUp(const v1::SignUpRequest& request,
                                            const VisitorPass& visitor = {});
  // As who began the last sign-up, unless `Forget` was called.
  absl::StatusOr<v1::VerifySignUpResponse> VerifyToken(const std::string& token,
                                                       std::string* session_token = nullptr);
  absl::StatusOr<v1::VerifySignUpResponse> VerifyCode(const std::string& sign_up_id,
                                                      const std::string& code);
  absl::StatusOr<v1::Session> LogIn(const std::string& email, const std::string& password,
                                    std::string* session_token = nullptr);
  absl::StatusOr<v1::Identity> Resolve(const std::string& credential);
  absl::Status ResetPassword(const std::string& token, const std::string& password);

  // Signs up and verifies; all mails taken.
  Member MakeMember(const std::string& email, const std::string& password = "");
  // Fills the context of a call by a session of the member.
  void As(grpc::ClientContext& ctx, const Member& member,
          const std::set<std::string>& roles = {}) const;

  // From here on links are opened in another browser.
  void Forget() {
    absl::MutexLock lock(&mu_);
    begun_.clear();
  }

  FakeClock& clock() { return server.fake_clock(); }

  GrpcTestServer server{"account"};
  StoreRefs stores;
  FakeSubscriptionClient subscription;
  AccountKeys keys{"a secret for tests, long enough to be one"};
  LocalThrottle throttle{server.clock()};
  Limits limits;
  Mails mails{{.site_name = "The Test",
               .public_url = "https://example.org",
               .from = "no-reply@example.org",
               .from_name = "The Test"},
              server.clock()};
  PasswordHasher hasher;
  PageTokens page_tokens{"page token secret"};
  AccountService account_service;
  SignUpService sign_up_service;
  SessionService session_service;
  IdentityService identity_service;
  std::unique_ptr<v1::AccountService::Stub> accounts;
  std::unique_ptr<v1::SignUpService::Stub> sign_ups;
  std::unique_ptr<v1::SessionService::Stub> sessions;
  std::unique_ptr<v1::IdentityService::Stub> identities;

 private:
  absl::Mutex mu_;
  std::string begun_ ABSL_GUARDED_BY(mu_);
};

// Base of handler tests: the service on fakes.
class AccountServiceFixture : public ::testing::Test {
 protected:
  FakeStores stores_;
  AccountHarness h_{stores_.refs()};
};

}  // namespace rostrum::account
