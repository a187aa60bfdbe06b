#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/base/crypto.h"
#include "tests/services/account/account_harness.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {

// Base of what every set of stores must hold to (account_contract.h,
// mailed_contract.h); instantiated for the fakes and for PostgreSQL in
// stores_contract_test.cc. `Bundle` has refs().
template <class Bundle>
class StoresContract : public ::testing::Test {
 protected:
  const absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  const SessionRules rules_;
  Bundle bundle_;
  StoreRefs s_ = bundle_.refs();

  Account MakeAccount(const std::string& email, const std::string& password_hash = "hash",
                      std::vector<std::string> roles = {}, absl::Duration later = {}) {
    const auto account = s_.accounts.Ensure({.id = AccountId(NewUuid(now_ + later)),
                                             .email = email,
                                             .display_name = "Ada",
                                             .roles = std::move(roles),
                                             .password_hash = password_hash,
                                             .now = now_ + later});
    EXPECT_THAT(account, IsOk());
    return *account;
  }
  NewSession SessionAt(absl::Time time, const std::string& token) {
    return {.id = SessionId(NewUuid(time)),
            .token_hash = HashToken(token),
            .create_time = time,
            .expire_time = time + rules_.absolute};
  }
  Session Open(const Account& account, const std::string& token, absl::Duration later = {}) {
    const auto opened = s_.sessions.Open(account.id, SessionAt(now_ + later, token),
                                         {.hash = account.password_hash});
    EXPECT_THAT(opened, IsOk());
    return opened->session;
  }
  Mail MakeMail(const std::string& to) { return {NewUuid(now_), to, absl::StrCat("to ", to)}; }
  std::vector<ClaimedMail> ClaimAll(absl::Time time) {
    const auto claimed = s_.mails.Claim(time, absl::Minutes(5), 100);
    EXPECT_THAT(claimed, IsOk());
    return *claimed;
  }
  Verification MakeVerification(const std::string& token, const std::string& email,
                                absl::Time time) {
    Mail member = MakeMail(email);
    member.bytes = "member";
    Mail verify = MakeMail(email);
    verify.bytes = "verify";
    return {.token_hash = HashToken(token),
            .code_hash = Sha256(token + " code"),
            .verify_mail = verify,
            .member_mail = member,
            .create_time = time,
            .expire_time = time + absl::Hours(24)};
  }
  absl::StatusOr<SignUp> Begin(const std::string& email, const std::string& token,
                               const std::string& request_id = "",
                               const std::string& request = "same") {
    return s_.sign_ups.Begin({.id = SignUpId(NewUuid(now_)),
                              .email = email,
                              .person_key = Sha256(email),
                              .display_name = "Ada",
                              .password_hash = "hash",
                              .intent = v1::SIGN_UP_INTENT_TRIAL,
                              .return_path = "/p/peace",
                              .verification = MakeVerification(token, email, now_)},
                             Key(request_id, request));
  }
  IdempotencyKey Key(const std::string& request_id, const std::string& request) {
    return {"anonymous", "SignUp", request_id, Sha256(request), now_};
  }
  absl::StatusOr<VerifiedSignUp> VerifyToken(const std::string& token, absl::Time time,
                                             const SignUpId& begun = SignUpId()) {
    return s_.sign_ups.Verify({.token_hash = HashToken(token), .sign_up_id = begun},
                              AccountId(NewUuid(time)), SessionAt(time, NewToken()));
  }
  absl::StatusOr<VerifiedSignUp> VerifyCode(const SignUpId& id, const std::string& code_hash,
                                            absl::Time time) {
    return s_.sign_ups.Verify({.sign_up_id = id, .code_hash = code_hash}, AccountId(NewUuid(time)),
                              SessionAt(time, NewToken()));
  }
};

}  // namespace rostrum::account
