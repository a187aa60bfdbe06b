#pragma once

#include "tests/services/account/stores_contract.h"

namespace rostrum::account {

// What goes by mail: sign-ups, links, the mails themselves.
template <class Bundle>
class MailedContract : public StoresContract<Bundle> {};
TYPED_TEST_SUITE_P(MailedContract);

TYPED_TEST_P(MailedContract, SignUpChoosesTheMailByTheAddress) {
  this->MakeAccount("ada@example.org");
  ASSERT_THAT(this->Begin("ADA@example.org", "t1"), IsOk());
  ASSERT_THAT(this->Begin("eve@example.org", "t2"), IsOk());
  const auto mails = this->ClaimAll(this->now_);
  ASSERT_EQ(mails.size(), 2u);
  for (const ClaimedMail& claimed : mails) {
    EXPECT_EQ(claimed.mail.bytes,
              claimed.mail.recipient == "ADA@example.org" ? "member" : "verify");
  }
}

TYPED_TEST_P(MailedContract, SignUpIsRepeatable) {
  EXPECT_FALSE(this->s_.sign_ups.FindRepeated(this->Key("id", "same"))->has_value());
  const auto first = this->Begin("ada@example.org", "t1", "id");
  const auto second = this->Begin("ada@example.org", "t2", "id");
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ((*this->s_.sign_ups.FindRepeated(this->Key("id", "same")))->id, first->id);
  EXPECT_THAT(this->s_.sign_ups.FindRepeated(this->Key("id", "x")), HasReason("REQUEST_ID_REUSED"));
  EXPECT_THAT(this->Begin("ada@example.org", "t3", "id", "x"), HasReason("REQUEST_ID_REUSED"));
  EXPECT_EQ(this->ClaimAll(this->now_).size(), 1u);
}

TYPED_TEST_P(MailedContract, VerificationMakesTheAccountOnce) {
  const auto begun = this->Begin("Ada@example.org", "t1");
  ASSERT_THAT(begun, IsOk());
  const auto verified = this->VerifyToken("t1", this->now_, begun->id);
  ASSERT_THAT(verified, IsOk());
  EXPECT_FALSE(verified->password_dropped);
  EXPECT_EQ(verified->opened.account.email, "Ada@example.org");
  EXPECT_EQ(verified->opened.account.password_hash, "hash");
  EXPECT_EQ(verified->opened.session.account_id, verified->opened.account.id);
  EXPECT_EQ(verified->person_key, Sha256("Ada@example.org"));
  EXPECT_EQ(verified->intent, v1::SIGN_UP_INTENT_TRIAL);
  EXPECT_EQ(verified->return_path, "/p/peace");
  EXPECT_THAT(this->s_.accounts.Get(verified->opened.account.id), IsOk());
  EXPECT_THAT(this->VerifyToken("t1", this->now_), HasReason("VERIFICATION_USED"));
  EXPECT_THAT(this->VerifyToken("t2", this->now_), HasReason("VERIFICATION_INVALID"));
}

TYPED_TEST_P(MailedContract, ALinkAloneKeepsNoPassword) {
  const auto other = this->Begin("bert@example.org", "t0");
  ASSERT_THAT(this->Begin("ada@example.org", "t1"), IsOk());
  const auto verified = this->VerifyToken("t1", this->now_, other->id);
  ASSERT_THAT(verified, IsOk());
  EXPECT_TRUE(verified->password_dropped);
  EXPECT_EQ(verified->opened.account.password_hash, "");
  EXPECT_EQ(this->s_.accounts.Get(verified->opened.account.id)->password_hash, "");
}

TYPED_TEST_P(MailedContract, VerificationExpiresAndSiblingsAreVoid) {
  ASSERT_THAT(this->Begin("ada@example.org", "t1"), IsOk());
  const auto second = this->Begin("ada@example.org", "t2");
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(this->VerifyToken("t1", this->now_ + absl::Hours(24)),
              HasReason("VERIFICATION_EXPIRED"));
  ASSERT_THAT(this->VerifyToken("t1", this->now_), IsOk());
  EXPECT_THAT(this->VerifyToken("t2", this->now_), HasReason("EMAIL_VERIFIED_ALREADY"));
  EXPECT_THAT(this->VerifyCode(second->id, Sha256("wrong"), this->now_), HasReason("CODE_WRONG"));
  EXPECT_THAT(this->VerifyCode(second->id, Sha256("t2 code"), this->now_),
              HasReason("EMAIL_VERIFIED_ALREADY"));
}

TYPED_TEST_P(MailedContract, WrongCodesAreCountedForGood) {
  const auto sign_up = this->Begin("ada@example.org", "t1");
  ASSERT_THAT(sign_up, IsOk());
  for (int i = 0; i < kMaxCodeTries; ++i) {
    EXPECT_TRUE(this->s_.sign_ups.Get(sign_up->id, this->now_)->takes_codes);
    EXPECT_THAT(this->VerifyCode(sign_up->id, Sha256("wrong"), this->now_),
                HasReason("CODE_WRONG"));
  }
  EXPECT_FALSE(this->s_.sign_ups.Get(sign_up->id, this->now_)->takes_codes);
  EXPECT_THAT(this->VerifyCode(sign_up->id, Sha256("t1 code"), this->now_),
              HasReason("CODE_TRIES_EXHAUSTED"));
  EXPECT_THAT(this->VerifyCode(SignUpId(NewUuid(this->now_)), "", this->now_),
              HasReason("VERIFICATION_INVALID"));
}

TYPED_TEST_P(MailedContract, ResendReplacesTokenAndCode) {
  const auto sign_up = this->Begin("ada@example.org", "t1");
  ASSERT_THAT(sign_up, IsOk());
  const absl::Time later = this->now_ + kResendPause;
  EXPECT_THAT(this->s_.sign_ups.Resend(sign_up->id,
                                       this->MakeVerification("t2", "ada@example.org", this->now_)),
              HasReason("RESEND_LIMIT"));
  const auto resent =
      this->s_.sign_ups.Resend(sign_up->id, this->MakeVerification("t2", "ada@example.org", later));
  ASSERT_THAT(resent, IsOk());
  EXPECT_EQ(resent->resend_time, later + kResendPause);
  EXPECT_EQ(this->s_.sign_ups.Get(sign_up->id, later)->expire_time, resent->expire_time);
  EXPECT_THAT(this->s_.sign_ups.Get(sign_up->id, resent->expire_time),
              HasReason("SIGN_UP_NOT_FOUND"));
  EXPECT_THAT(this->VerifyToken("t1", later), HasReason("VERIFICATION_INVALID"));
  EXPECT_THAT(this->VerifyToken("t2", later), IsOk());
}

TYPED_TEST_P(MailedContract, OneTimeTokensWorkOnceForTheirPurpose) {
  const Account account = this->MakeAccount("ada@example.org");
  auto& tokens = this->s_.one_time_tokens;
  const auto issue = [&](TokenPurpose purpose, const std::string& token, const std::string& email) {
    return tokens.Issue({.purpose = purpose,
                         .token_hash = HashToken(token),
                         .email = email,
                         .return_path = "/p/peace",
                         .mail = this->MakeMail(email),
                         .create_time = this->now_,
                         .expire_time = this->now_ + kOneTimeTokenLifetime});
  };
  ASSERT_THAT(issue(TokenPurpose::kLogin, "l1", "ADA@example.org"), IsOk());
  ASSERT_THAT(issue(TokenPurpose::kLogin, "l2", "ada@example.org"), IsOk());
  ASSERT_THAT(issue(TokenPurpose::kLogin, "l3", "nobody@example.org"), IsOk());
  ASSERT_THAT(issue(TokenPurpose::kReset, "r1", "ada@example.org"), IsOk());
  EXPECT_EQ(this->ClaimAll(this->now_).size(), 3u);

  const absl::Time late = this->now_ + kOneTimeTokenLifetime;
  const auto redeem = [&](const std::string& token, absl::Time time) {
    return tokens.RedeemLogin(HashToken(token), this->SessionAt(time, NewToken()));
  };
  EXPECT_THAT(redeem("r1", this->now_), HasReason("LINK_INVALID"));
  EXPECT_THAT(redeem("l3", this->now_), HasReason("LINK_INVALID"));
  EXPECT_THAT(redeem("l1", late), HasReason("LINK_INVALID"));
  const auto redeemed = redeem("l1", this->now_);
  ASSERT_THAT(redeemed, IsOk());
  EXPECT_EQ(redeemed->opened.account.id, account.id);
  EXPECT_EQ(redeemed->return_path, "/p/peace");
  EXPECT_THAT(redeem("l1", this->now_), HasReason("LINK_INVALID"));
  EXPECT_THAT(redeem("l2", this->now_), HasReason("LINK_INVALID"));

  EXPECT_THAT(tokens.FindForReset(HashToken("r1"), late), HasReason("LINK_INVALID"));
  EXPECT_EQ(tokens.FindForReset(HashToken("r1"), this->now_)->id, account.id);
  const auto reset = [&](const std::string& token, absl::Time time) {
    return tokens.ResetPassword(HashToken(token), "new", this->MakeMail("ada@example.org"), time);
  };
  const AccessToken token{.id = TokenId(NewUuid(this->now_)),
                          .account_id = account.id,
                          .display_name = "program",
                          .scopes = {"read"},
                          .create_time = this->now_,
                          .expire_time = this->now_ + absl::Hours(24)};
  const SessionId session = redeemed->opened.session.id;
  ASSERT_THAT(this->s_.access_tokens.Create(token, HashToken("s1"), session), IsOk());
  EXPECT_THAT(reset("r1", late), HasReason("LINK_INVALID"));
  EXPECT_THAT(this->s_.access_tokens.Resolve(HashToken("s1"), this->now_), IsOk());
  ASSERT_THAT(reset("r1", this->now_), IsOk());
  EXPECT_THAT(reset("r1", this->now_), HasReason("LINK_INVALID"));
  EXPECT_EQ(this->s_.accounts.Get(account.id)->password_hash, "new");
  EXPECT_EQ(this->s_.sessions.List(account.id, this->rules_.idle, this->now_)->size(), 0u);
  EXPECT_THAT(this->s_.access_tokens.Resolve(HashToken("s1"), this->now_),
              HasReason("CREDENTIAL_INVALID"));
  // Nor is one made by whoever had the session before.
  EXPECT_THAT(this->s_.access_tokens.Create(token, HashToken("s2"), session),
              HasReason("LOGIN_REQUIRED"));
}

TYPED_TEST_P(MailedContract, MailsAreHeldByALease) {
  ASSERT_THAT(this->Begin("ada@example.org", "t1"), IsOk());
  const auto first = this->ClaimAll(this->now_);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].attempts, 0);
  EXPECT_EQ(first[0].create_time, this->now_);
  EXPECT_EQ(this->ClaimAll(this->now_ + absl::Minutes(4)).size(), 0u);
  const absl::Time lapsed = this->now_ + absl::Minutes(5);
  EXPECT_EQ(this->ClaimAll(lapsed).size(), 1u);
  const std::string id = first[0].mail.id;
  ASSERT_THAT(this->s_.mails.RetryAt(id, lapsed + absl::Minutes(1)), IsOk());
  EXPECT_EQ(this->ClaimAll(lapsed).size(), 0u);
  const auto again = this->ClaimAll(lapsed + absl::Minutes(1));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, 1);
  EXPECT_EQ(again[0].mail.bytes, first[0].mail.bytes);
  ASSERT_THAT(this->s_.mails.Finish(id, MailOutcome::kDelivered, lapsed), IsOk());
  ASSERT_THAT(this->s_.mails.RetryAt(id, lapsed), IsOk());  // too late: nothing
  EXPECT_EQ(this->ClaimAll(lapsed + absl::Hours(100)).size(), 0u);
}

TYPED_TEST_P(MailedContract, MailsExpireWithWhatTheyCarry) {
  this->MakeAccount("ada@example.org");
  const absl::Time end = this->now_ + kOneTimeTokenLifetime;
  ASSERT_THAT(this->s_.one_time_tokens.Issue({.purpose = TokenPurpose::kLogin,
                                              .token_hash = HashToken("l1"),
                                              .email = "ada@example.org",
                                              .mail = this->MakeMail("ada@example.org"),
                                              .create_time = this->now_,
                                              .expire_time = end}),
              IsOk());
  const auto link = this->ClaimAll(this->now_);
  ASSERT_EQ(link.size(), 1u);
  EXPECT_EQ(link[0].expire_time, end);
  const auto begun = this->Begin("eve@example.org", "t1");
  ASSERT_THAT(begun, IsOk());
  const auto verification = this->ClaimAll(this->now_);
  ASSERT_EQ(verification.size(), 1u);
  EXPECT_EQ(verification[0].expire_time, begun->expire_time);
  ASSERT_THAT(this->s_.one_time_tokens.Issue({.purpose = TokenPurpose::kReset,
                                              .token_hash = HashToken("r1"),
                                              .email = "ada@example.org",
                                              .mail = this->MakeMail(""),
                                              .create_time = this->now_,
                                              .expire_time = end}),
              IsOk());
  // That the password was set is to be told however late.
  ASSERT_THAT(this->s_.one_time_tokens.ResetPassword(HashToken("r1"), "new",
                                                     this->MakeMail("ada@example.org"), this->now_),
              IsOk());
  const auto told = this->ClaimAll(this->now_);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].expire_time, std::nullopt);
}

REGISTER_TYPED_TEST_SUITE_P(MailedContract, SignUpChoosesTheMailByTheAddress, SignUpIsRepeatable,
                            VerificationMakesTheAccountOnce, ALinkAloneKeepsNoPassword,
                            VerificationExpiresAndSiblingsAreVoid, WrongCodesAreCountedForGood,
                            ResendReplacesTokenAndCode, OneTimeTokensWorkOnceForTheirPurpose,
                            MailsAreHeldByALease, MailsExpireWithWhatTheyCarry);

}  // namespace rostrum::account
