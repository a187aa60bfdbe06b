#include "services/common/rpc/proto_time.h"
#include "tests/services/account/account_harness.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SignUpServiceTest : public AccountServiceFixture {
 protected:
  v1::SignUpRequest TrialRequest(const std::string& email) {
    v1::SignUpRequest request = h_.SignUpRequest(email);
    request.set_intent(v1::SIGN_UP_INTENT_TRIAL);
    request.set_return_path("/p/peace");
    return request;
  }
  absl::StatusOr<v1::SignUpResponse> Resend(const std::string& sign_up_id) {
    grpc::ClientContext ctx;
    h_.server.AsAnonymous(ctx);
    v1::ResendVerificationRequest request;
    request.set_sign_up_id(sign_up_id);
    v1::SignUpResponse response;
    RETURN_IF_ERROR(FromGrpcStatus(h_.sign_ups->ResendVerification(&ctx, request, &response)));
    return response;
  }
};

TEST_F(SignUpServiceTest, MailCarriesLinkAndCodeAndNothingRemote) {
  const auto response = h_.SignUp(h_.SignUpRequest("Ada@Example.org"));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(FromProtoTime(response->expire_time()), h_.clock().Now() + absl::Hours(24));
  EXPECT_EQ(FromProtoTime(response->resend_time()), h_.clock().Now() + absl::Minutes(1));
  const Mail mail = h_.TakeMail();
  EXPECT_EQ(mail.recipient, "Ada@Example.org");
  EXPECT_THAT(Readable(mail.bytes),
              AllOf(HasSubstr("https://example.org/verify?token="), HasSubstr("text/html"),
                    HasSubstr("text/plain"), Not(HasSubstr("<img")), Not(HasSubstr("src="))));
  EXPECT_EQ(TokenIn(mail).size(), 43u);
  EXPECT_EQ(CodeIn(mail).size(), 6u);
}

TEST_F(SignUpServiceTest, LinkMakesAccountOpensSessionAndStartsTrial) {
  ASSERT_THAT(h_.SignUp(TrialRequest("ada@example.org"), GrpcTestServer::NewVisitor()), IsOk());
  std::string session;
  const auto verified = h_.VerifyToken(TokenIn(h_.TakeMail()), &session);
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->return_path(), "/p/peace");
  EXPECT_EQ(verified->intent(), v1::SIGN_UP_INTENT_TRIAL);
  EXPECT_EQ(verified->trial_outcome(), v1::TRIAL_OUTCOME_STARTED);
  EXPECT_TRUE(verified->trial().active());
  EXPECT_TRUE(verified->session().current());
  EXPECT_EQ(verified->session().display_name(), "Ada");
  const auto identity = h_.Resolve(session);
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->account_id(), verified->session().account_id());
  EXPECT_EQ(identity->session_id(), verified->session().session_id());
}

TEST_F(SignUpServiceTest, ALinkOpenedElsewhereKeepsNoPasswordOfAStranger) {
  auto request = h_.SignUpRequest("ada@example.org");
  request.set_password("the stranger's own password");
  ASSERT_THAT(h_.SignUp(request), IsOk());
  h_.Forget();
  const auto verified = h_.VerifyToken(TokenIn(h_.TakeMail()));
  ASSERT_THAT(verified, IsOk());
  EXPECT_TRUE(verified->password_dropped());
  EXPECT_THAT(h_.LogIn("ada@example.org", "the stranger's own password").status(), Not(IsOk()));
}

TEST_F(SignUpServiceTest, WhoSignedUpKeepsThePasswordByLinkToo) {
  auto request = h_.SignUpRequest("ada@example.org");
  request.set_password("nine owls at noon");
  ASSERT_THAT(h_.SignUp(request), IsOk());
  const auto verified = h_.VerifyToken(TokenIn(h_.TakeMail()));
  ASSERT_THAT(verified, IsOk());
  EXPECT_FALSE(verified->password_dropped());
  EXPECT_THAT(h_.LogIn("ada@example.org", "nine owls at noon"), IsOk());
}

TEST_F(SignUpServiceTest, VerifyingEndsTheSessionThatTheBrowserHad) {
  const Member ben = h_.MakeMember("ben@example.org");
  ASSERT_THAT(h_.SignUp(h_.SignUpRequest("ada@example.org")), IsOk());
  grpc::ClientContext ctx;
  h_.As(ctx, ben);
  v1::VerifySignUpRequest request;
  request.set_token(TokenIn(h_.TakeMail()));
  v1::VerifySignUpResponse verified;
  ASSERT_THAT(h_.sign_ups->VerifySignUp(&ctx, request, &verified), IsOk());
  EXPECT_THAT(h_.Resolve(*GrpcTestServer::Answered(ctx, kSetSessionKey)), IsOk());
  EXPECT_THAT(h_.Resolve(ben.token), HasReason("CREDENTIAL_INVALID"));
}

TEST_F(SignUpServiceTest, SessionTokenIsInNoBody) {
  ASSERT_THAT(h_.SignUp(h_.SignUpRequest("ada@example.org")), IsOk());
  std::string session;
  const auto verified = h_.VerifyToken(TokenIn(h_.TakeMail()), &session);
  ASSERT_THAT(verified, IsOk());
  ASSERT_EQ(session.size(), 43u);
  EXPECT_THAT(verified->SerializeAsString(), Not(HasSubstr(session)));
}

TEST_F(SignUpServiceTest, CodeVerifiesToo) {
  const auto response = h_.SignUp(h_.SignUpRequest("ada@example.org"));
  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(h_.VerifyCode(response->sign_up_id(), CodeIn(h_.TakeMail())), IsOk());
}

TEST_F(SignUpServiceTest, LinkWorksOnce) {
  ASSERT_THAT(h_.SignUp(h_.SignUpRequest("ada@example.org")), IsOk());
  const std::string token = TokenIn(h_.TakeMail());
  ASSERT_THAT(h_.VerifyToken(token), IsOk());
  EXPECT_THAT(h_.VerifyToken(token), AllOf(StatusIs(absl::StatusCode::kFailedPrecondition),
                                           HasReason("VERIFICATION_USED")));
}

TEST_F(SignUpServiceTest, UnknownTokenAndSignUpAreInvalid) {
  EXPECT_THAT(h_.VerifyToken(NewToken()),
              AllOf(StatusIs(absl::StatusCode::kNotFound), HasReason("VERIFICATION_INVALID")));
  EXPECT_THAT(h_.VerifyCode(NewUuid(h_.clock().Now()), "123456"),
              HasReason("VERIFICATION_INVALID"));
}

TEST_F(SignUpServiceTest, LinkAndCodeExpire) {
  const auto response = h_.SignUp(h_.SignUpRequest("ada@example.org"));
  ASSERT_THAT(response, IsOk());
  const Mail mail = h_.TakeMail();
  h_.clock().Advance(absl::Hours(24));
  EXPECT_THAT(h_.VerifyToken(TokenIn(mail)), HasReason("VERIFICATION_EXPIRED"));
  EXPECT_THAT(h_.VerifyCode(response->sign_up_id(), CodeIn(mail)),
              HasReason("VERIFICATION_EXPIRED"));
  EXPECT_THAT(Resend(response->sign_up_id()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SignUpServiceTest, WrongCodesAreCountedAndEnd) {
  const auto response = h_.SignUp(h_.SignUpRequest("ada@example.org"));
  ASSERT_THAT(response, IsOk());
  const Mail mail = h_.TakeMail();
  const std::string code = CodeIn(mail);
  const std::string wrong = code == "000000" ? "000001" : "000000";
  for (int left = 4; left >= 0; --left) {
    const auto refused = h_.VerifyCode(response->sign_up_id(), wrong);
    EXPECT_THAT(refused,
                AllOf(StatusIs(absl::StatusCode::kPermissionDenied), HasReason("CODE_WRONG")));
    EXPECT_EQ(DetailsOf(refused.status()).metadata["tries_left"], std::to_string(left));
  }
  EXPECT_THAT(h_.VerifyCode(response->sign_up_id(), code), HasReason("CODE_TRIES_EXHAUSTED"));
  h_.clock().Advance(absl::Minutes(1));
  ASSERT_THAT(Resend(response->sign_up_id()), IsOk());
  const Mail again = h_.TakeMail();
  EXPECT_THAT(Readable(again.bytes),
              AllOf(HasSubstr("It works once"), Not(HasSubstr("code:")), Not(HasSubstr("Both"))));
  EXPECT_THAT(h_.VerifyToken(TokenIn(again)), IsOk());  // the link cannot be guessed
}

TEST_F(SignUpServiceTest, KnownAddressGetsTheSameAnswerAndAnotherMail) {
  h_.MakeMember("ada@example.org", "nine owls at noon");
  auto known = h_.SignUpRequest("ADA@example.org");
  auto unknown = h_.SignUpRequest("eve@example.org");
  const auto known_response = h_.SignUp(known);
  const Mail member_mail = h_.TakeMail();
  const auto unknown_response = h_.SignUp(unknown);
  const Mail verify_mail = h_.TakeMail();
  ASSERT_THAT(known_response, IsOk());
  ASSERT_THAT(unknown_response, IsOk());
  v1::SignUpResponse a = *known_response, b = *unknown_response;
  a.clear_sign_up_id();
  b.clear_sign_up_id();
  EXPECT_THAT(a, EqualsProto(b));
  EXPECT_THAT(Readable(member_mail.bytes),
              AllOf(HasSubstr("already have an account"), HasSubstr("https://example.org/login"),
                    Not(HasSubstr("token="))));
  EXPECT_THAT(Readable(verify_mail.bytes), HasSubstr("token="));
  // Nor does a code or another mail tell them apart.
  EXPECT_THAT(h_.VerifyCode(known_response->sign_up_id(), "000000"), HasReason("CODE_WRONG"));
  EXPECT_THAT(h_.VerifyCode(unknown_response->sign_up_id(),
                            CodeIn(verify_mail) == "000000" ? "000001" : "000000"),
              HasReason("CODE_WRONG"));
  h_.clock().Advance(absl::Minutes(1));
  EXPECT_THAT(Resend(known_response->sign_up_id()), IsOk());
  EXPECT_THAT(Readable(h_.TakeMail().bytes), HasSubstr("already have an account"));
}

TEST_F(SignUpServiceTest, VerifyingOneVoidsTheOthersOfTheAddress) {
  ASSERT_THAT(h_.SignUp(h_.SignUpRequest("ada@example.org")), IsOk());
  const Mail first = h_.TakeMail();
  const auto second_response = h_.SignUp(h_.SignUpRequest("Ada@example.org"));
  ASSERT_THAT(second_response, IsOk());
  const Mail second = h_.TakeMail();
  ASSERT_THAT(h_.VerifyToken(TokenIn(first)), IsOk());
  EXPECT_THAT(h_.VerifyToken(TokenIn(second)), AllOf(StatusIs(absl::StatusCode::kAlreadyExists),
                                                     HasReason("EMAIL_VERIFIED_ALREADY")));
  EXPECT_THAT(h_.VerifyCode(second_response->sign_up_id(), CodeIn(second)),
              HasReason("EMAIL_VERIFIED_ALREADY"));
}

TEST_F(SignUpServiceTest, ResendVoidsTheFormerLinkAndCode) {
  const auto response = h_.SignUp(h_.SignUpRequest("ada@example.org"));
  ASSERT_THAT(response, IsOk());
  const Mail first = h_.TakeMail();
  const auto early = Resend(response->sign_up_id());
  EXPECT_THAT(early,
              AllOf(StatusIs(absl::StatusCode::kResourceExhausted), HasReason("RESEND_LIMIT")));
  EXPECT_EQ(DetailsOf(early.status()).retry_after, absl::Minutes(1));
  h_.clock().Advance(absl::Minutes(1));
  const auto resent = Resend(response->sign_up_id());
  ASSERT_THAT(resent, IsOk());
  EXPECT_EQ(FromProtoTime(resent->resend_time()), h_.clock().Now() + absl::Minutes(1));
  const Mail second = h_.TakeMail();
  EXPECT_THAT(h_.VerifyToken(TokenIn(first)), HasReason("VERIFICATION_INVALID"));
  if (CodeIn(first) != CodeIn(second)) {
    EXPECT_THAT(h_.VerifyCode(response->sign_up_id(), CodeIn(first)), HasReason("CODE_WRONG"));
  }
  EXPECT_THAT(h_.VerifyToken(TokenIn(second)), IsOk());
}

TEST_F(SignUpServiceTest, ResendEndsAfterFiveTimes) {
  const auto response = h_.SignUp(h_.SignUpRequest("ada@example.org"));
  ASSERT_THAT(response, IsOk());
  for (int i = 0; i < kMaxResends; ++i) {
    h_.clock().Advance(absl::Minutes(5));  // else the address has had its mails for now
    EXPECT_THAT(Resend(response->sign_up_id()), IsOk());
  }
  h_.clock().Advance(absl::Minutes(1));
  EXPECT_THAT(Resend(response->sign_up_id()), HasReason("RESEND_LIMIT"));
  EXPECT_THAT(h_.TakeMails(), SizeIs(1 + kMaxResends));
  EXPECT_THAT(Resend(NewUuid(h_.clock().Now())), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Resend("not an id"), HasViolation("sign_up_id"));
}

TEST_F(SignUpServiceTest, RepeatedRequestReturnsTheFirstOutcomeOnce) {
  auto request = TrialRequest("ada@example.org");
  request.set_password("nine owls at noon");
  request.set_request_id("form-1");
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  const auto first = h_.SignUp(request, pass);
  ASSERT_THAT(first, IsOk());
  // Even though the offer has ended in the meantime.
  h_.subscription.AnswerOffer(
      Error(absl::StatusCode::kFailedPrecondition, "OFFER_EXPIRED", "too late"));
  const auto second = h_.SignUp(request, pass);
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(*second, EqualsProto(*first));
  EXPECT_THAT(h_.TakeMails(), SizeIs(1));
  request.set_password("ten owls at midnight");
  EXPECT_THAT(h_.SignUp(request, pass), HasReason("REQUEST_ID_REUSED"));
}

TEST_F(SignUpServiceTest, TrialNeedsARunningOffer) {
  EXPECT_THAT(h_.SignUp(TrialRequest("ada@example.org")), HasReason("OFFER_NOT_STARTED"));
  h_.subscription.AnswerOffer(Error(absl::StatusCode::kFailedPrecondition, "OFFER_EXPIRED",
                                    "too late", {{"next_offer_time", "2026-12-24T00:00:00Z"}}));
  const auto late = h_.SignUp(TrialRequest("ada@example.org"), GrpcTestServer::NewVisitor());
  EXPECT_THAT(late,
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition), HasReason("OFFER_EXPIRED")));
  EXPECT_EQ(DetailsOf(late.status()).metadata["next_offer_time"], "2026-12-24T00:00:00Z");
  EXPECT_THAT(h_.TakeMails(), IsEmpty());
}

TEST_F(SignUpServiceTest, OnlyTheTrialAsksForTheOffer) {
  auto join = h_.SignUpRequest("ada@example.org");
  join.set_intent(v1::SIGN_UP_INTENT_JOIN);
  ASSERT_THAT(h_.SignUp(join), IsOk());
  EXPECT_EQ(h_.subscription.accepted(), 0);
  const auto verified = h_.VerifyToken(TokenIn(h_.TakeMail()));
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->intent(), v1::SIGN_UP_INTENT_JOIN);
  EXPECT_EQ(verified->trial_outcome(), v1::TRIAL_OUTCOME_UNSPECIFIED);
  EXPECT_EQ(h_.subscription.trials(), 0u);
}

TEST_F(SignUpServiceTest, SubscriptionAwayFailsTowardsTheReader) {
  h_.subscription.AnswerOffer(Unavailable("away"));
  h_.subscription.AnswerTrial(absl::DeadlineExceededError("slow"));
  ASSERT_THAT(h_.SignUp(TrialRequest("ada@example.org"), GrpcTestServer::NewVisitor()), IsOk());
  const auto verified = h_.VerifyToken(TokenIn(h_.TakeMail()));
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->trial_outcome(), v1::TRIAL_OUTCOME_PENDING);
  EXPECT_FALSE(verified->has_trial());
}

TEST_F(SignUpServiceTest, AnAliasGetsAnAccountAndNoSecondTrial) {
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  ASSERT_THAT(h_.SignUp(TrialRequest("ada@gmail.com"), pass), IsOk());
  ASSERT_THAT(h_.VerifyToken(TokenIn(h_.TakeMail())), IsOk());
  ASSERT_THAT(h_.SignUp(TrialRequest("A.da+again@googlemail.com"), pass), IsOk());
  const auto second = h_.VerifyToken(TokenIn(h_.TakeMail()));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->trial_outcome(), v1::TRIAL_OUTCOME_USED);
  EXPECT_EQ(h_.subscription.trials(), 1u);
}

TEST_F(SignUpServiceTest, HostileFieldsAreNamed) {
  const auto refused = [&](auto change) {
    auto request = h_.SignUpRequest("ada@example.org");
    change(request);
    return h_.SignUp(request).status();
  };
  using Request = v1::SignUpRequest;
  for (const std::string& name :
       {std::string(), std::string("  "), std::string("A\r\nBcc: x"), std::string("A\0B", 3),
        std::string(61, 'a'), std::string(10'000, 'a')}) {
    EXPECT_THAT(refused([&](Request& r) { r.set_display_name(name); }),
                HasViolation("display_name"));
  }
  for (const std::string& email :
       {std::string(), std::string("ada"), std::string("ada@example.org\r\nBcc: eve@example.org"),
        std::string("ada@example.org,eve@example.org"), std::string("<ada@example.org>"),
        std::string("a\0a@example.org", 15), std::string("ada@exa mple.org"),
        std::string(10'000, 'a') + "@example.org", std::string("ada@ex\xc3\xa4mple.org")}) {
    EXPECT_THAT(refused([&](Request& r) { r.set_email(email); }), HasViolation("email")) << email;
  }
  for (const std::string& password :
       {std::string("short"), std::string("password1"), std::string(10'000, 'x')}) {
    EXPECT_THAT(refused([&](Request& r) { r.set_password(password); }), HasViolation("password"));
  }
  for (const char* path : {"//evil", "https://evil", "/\\evil", "javascript:alert(1)"}) {
    EXPECT_THAT(refused([&](Request& r) { r.set_return_path(path); }), HasViolation("return_path"));
  }
  EXPECT_THAT(refused([&](Request& r) { r.set_intent(static_cast<v1::SignUpIntent>(9)); }),
              HasViolation("intent"));
  EXPECT_THAT(refused([&](Request& r) { r.set_request_id(std::string(129, 'x')); }),
              HasViolation("request_id"));
  EXPECT_THAT(h_.TakeMails(), IsEmpty());
}

TEST_F(SignUpServiceTest, VerificationFieldsAreChecked) {
  const std::string id = NewUuid(h_.clock().Now());
  EXPECT_THAT(h_.VerifyToken(std::string(10'000, 'x')), HasViolation("token"));
  EXPECT_THAT(h_.VerifyCode("", "123456"), HasViolation("sign_up_id"));
  EXPECT_THAT(h_.VerifyCode("1' OR '1'='1", "123456"), HasViolation("sign_up_id"));
  for (const char* code : {"", "12345", "1234567", "12345a", "-12345", "12 456"}) {
    EXPECT_THAT(h_.VerifyCode(id, code), HasViolation("code")) << code;
  }
}

}  // namespace
}  // namespace rostrum::account
