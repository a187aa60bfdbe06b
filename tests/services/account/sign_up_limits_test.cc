#include "absl/strings/str_cat.h"
#include "tests/services/account/account_harness.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

using ::testing::AllOf;

TEST(SignUpLimitsTest, WrongCodesFromOneNetworkAreLimitedWhateverTheSignUp) {
  FakeStores stores;
  HarnessOptions options;
  options.limits.wrong_codes_per_network = {.burst = 3, .period = absl::Hours(1)};
  AccountHarness h(stores.refs(), options);
  const auto verify = [&](const v1::VerifySignUpRequest& request) {
    grpc::ClientContext ctx;
    h.server.AsAnonymous(ctx);
    GrpcTestServer::WithNetwork(ctx, "net-one");
    v1::VerifySignUpResponse response;
    return FromGrpcStatus(h.sign_ups->VerifySignUp(&ctx, request, &response));
  };
  struct Begun {
    v1::VerifySignUpRequest right, wrong, link;
  };
  const auto begin = [&](const std::string& email) {
    const auto sign_up = h.SignUp(h.SignUpRequest(email));
    EXPECT_THAT(sign_up, IsOk());
    const Mail mail = h.TakeMail();
    Begun begun;
    begun.right.set_sign_up_id(sign_up->sign_up_id());
    begun.right.set_code(CodeIn(mail));
    begun.wrong = begun.right;
    begun.wrong.set_code(CodeIn(mail) == "000000" ? "000001" : "000000");
    begun.link.set_token(TokenIn(mail));
    return begun;
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(verify(begin(absl::StrCat("reader", i, "@example.org")).right), IsOk());
  }
  const Begun ada = begin("ada@example.org"), eve = begin("eve@example.org");
  EXPECT_THAT(verify(ada.wrong), HasReason("CODE_WRONG"));
  EXPECT_THAT(verify(ada.wrong), HasReason("CODE_WRONG"));
  EXPECT_THAT(verify(eve.wrong), HasReason("CODE_WRONG"));
  EXPECT_THAT(verify(eve.wrong), HasReason("RATE_LIMITED"));
  EXPECT_THAT(verify(eve.right), HasReason("RATE_LIMITED"));
  EXPECT_THAT(verify(eve.link), IsOk());
  h.clock().Advance(absl::Minutes(20));
  EXPECT_THAT(verify(ada.right), IsOk());
}

TEST(SignUpLimitsTest, MailsToOneAddressAreLimitedWhoeverAsks) {
  FakeStores stores;
  HarnessOptions options;
  options.limits.mail_per_address = {.burst = 2, .period = absl::Minutes(30)};
  AccountHarness h(stores.refs(), options);
  const auto first = h.SignUp(h.SignUpRequest("ada@example.org"));
  ASSERT_THAT(first, IsOk());
  v1::ResendVerificationRequest resend;
  resend.set_sign_up_id(first->sign_up_id());
  const auto send_again = [&] {
    grpc::ClientContext ctx;
    h.server.AsAnonymous(ctx);
    v1::SignUpResponse response;
    return FromGrpcStatus(h.sign_ups->ResendVerification(&ctx, resend, &response));
  };
  EXPECT_THAT(send_again(), HasReason("RESEND_LIMIT")) << "too early, and not counted";
  EXPECT_THAT(h.SignUp(h.SignUpRequest("ADA@example.org")), IsOk());
  h.clock().Advance(absl::Minutes(1));
  EXPECT_THAT(send_again(), HasReason("RATE_LIMITED"));
  const auto refused = h.SignUp(h.SignUpRequest("ada@example.org"));
  EXPECT_THAT(refused,
              AllOf(StatusIs(absl::StatusCode::kResourceExhausted), HasReason("RATE_LIMITED")));
  EXPECT_TRUE(DetailsOf(refused.status()).retry_after.has_value());
  EXPECT_THAT(h.SignUp(h.SignUpRequest("eve@example.org")), IsOk());
}

}  // namespace
}  // namespace rostrum::account
