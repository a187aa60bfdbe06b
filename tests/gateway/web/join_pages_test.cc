// Signing up and joining, from the offer to the payment.
#include <string>

#include "absl/strings/str_cat.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "tests/gateway/web/site_fixture.h"

namespace rostrum::gateway {
namespace {

namespace apb = rostrum::account::v1;
namespace spb = rostrum::subscription::v1;
using ::testing::HasSubstr;
using ::testing::Not;

spb::Membership MembershipOf(spb::MembershipState state) {
  spb::Membership membership;
  membership.set_state(state);
  membership.set_entitled(true);
  return membership;
}

class JoinPagesTest : public SiteTest {
 protected:
  JoinPagesTest() { told_.Answer(rpcs::kListPlans, ThePlans()); }
  const Headers ana_ = SignedIn();
};

TEST_F(JoinPagesTest, ThePlansAreForWhoCanJoin) {
  EXPECT_THAT(Shown("/join"), HasSubstr("EUR 7.00"));
  EXPECT_THAT(std::string(Get("/join").bytes()), HasSubstr("renews by itself"));
  told_.Answer(rpcs::kGetMembership, MembershipOf(spb::MEMBERSHIP_STATE_ACTIVE));
  EXPECT_THAT(Shown("/join"), HasSubstr("<h1>You are a member</h1>"));
  EXPECT_THAT(Shown("/join"), Not(HasSubstr("EUR 7.00")));
  told_.Answer(rpcs::kGetMembership, MembershipOf(spb::MEMBERSHIP_STATE_CANCELLED));
  EXPECT_THAT(Shown("/join"), HasSubstr("action=\"/account/resume\""));
  told_.Answer(rpcs::kGetMembership, MembershipOf(spb::MEMBERSHIP_STATE_GRACE));
  EXPECT_THAT(Shown("/join"), HasSubstr("EUR 7.00"));
}

TEST_F(JoinPagesTest, ThePlanThatAVisitorChoseIsStillChosenAfterTheSignUp) {
  const http::HttpResponse chosen = Post("/join", "plan=yearly&return=/c/world/peace");
  EXPECT_EQ(Header(chosen, "Location"), "/start?for=join&plan=yearly&return=/c/world/peace");
  const std::string form(Get(Header(chosen, "Location")).bytes());
  EXPECT_THAT(form, HasSubstr("A membership needs an account."));
  EXPECT_THAT(form, HasSubstr("name=\"plan\" value=\"yearly\""));

  apb::SignUpResponse sign_up;
  sign_up.set_sign_up_id(kPostId);
  told_.Answer(rpcs::kSignUp, sign_up);
  Post("/start", "for=join&plan=yearly&return=/c/world/peace");
  apb::VerifySignUpResponse verified;
  verified.set_intent(apb::SIGN_UP_INTENT_JOIN);
  verified.set_return_path(told_.Asked(rpcs::kSignUp).return_path());
  told_.Answer(rpcs::kVerifySignUp, verified);
  const std::string plans = Header(Post("/verify", "token=t"), "Location");
  EXPECT_EQ(plans, "/join?return=/c/world/peace&plan=yearly");
  const std::string page = Shown(plans);
  EXPECT_LT(page.find("Your choice"), page.find("value=\"yearly\""));
  EXPECT_LT(page.find("value=\"yearly\""), page.find("value=\"monthly\""));
  EXPECT_THAT(page, HasSubstr("name=\"return\" value=\"/c/world/peace\""));

  // A sign-up's path has at most 500 characters.
  const std::string far = absl::StrCat("/search?q=", std::string(480, 'a'));
  Post("/start", absl::StrCat("for=join&plan=yearly&return=", far));
  EXPECT_EQ(told_.Asked(rpcs::kSignUp).return_path(), far);
  verified.set_return_path(far);
  told_.Answer(rpcs::kVerifySignUp, verified);
  EXPECT_EQ(Header(Post("/verify", "token=t"), "Location"),
            absl::StrCat("/join?return=/search%3Fq%3D", std::string(480, 'a')));
}

TEST_F(JoinPagesTest, StartAsksForNothingWhileThereIsNoOffer) {
  const std::string field = "name=\"display_name\"";
  told_.Refuse(rpcs::kShowOffer, absl::UnavailableError("no Redis"));
  EXPECT_THAT(std::string(Get("/start").bytes()), HasSubstr(field));
  spb::ReadingAccess access;
  access.mutable_offer()->set_state(spb::OFFER_STATE_OPEN);
  told_.Answer(rpcs::kShowOffer, access);
  EXPECT_THAT(std::string(Get("/start").bytes()), HasSubstr(field));
  EXPECT_THAT(Shown("/start"), HasSubstr("action=\"/trial\""));
  access.mutable_offer()->set_state(spb::OFFER_STATE_EXPIRED);
  told_.Answer(rpcs::kShowOffer, access);
  const std::string expired(Get("/start?return=/c/world/peace").bytes());
  EXPECT_THAT(expired, HasSubstr("This offer has expired."));
  EXPECT_THAT(expired, HasSubstr("href=\"/join?return=/c/world/peace\""));
  EXPECT_THAT(expired, Not(HasSubstr(field)));
  access.clear_offer();
  told_.Answer(rpcs::kShowOffer, access);
  const std::string none = Shown("/start");
  EXPECT_THAT(none, HasSubstr("There is no offer of a free trial for you"));
  EXPECT_THAT(none, HasSubstr("<a class=\"button button-large\" href=\"/join?return=/\">Join</a>"));
  EXPECT_THAT(none, Not(HasSubstr("Skip the trial")));
  EXPECT_THAT(none, Not(HasSubstr("action=\"/trial\"")));
  EXPECT_THAT(std::string(Get("/start?for=account").bytes()), HasSubstr(field));
}

// No form: START would only fail again.
TEST_F(JoinPagesTest, AnOfferThatEndsWhileTheFormIsOpenLeadsToThePlans) {
  const absl::Status over =
      Error(absl::StatusCode::kFailedPrecondition, "OFFER_EXPIRED", "the offer has expired");
  told_.Refuse(rpcs::kSignUp, over);
  told_.Refuse(rpcs::kStartTrial, over);
  for (const http::HttpResponse& refused : {Post("/start", "for=trial&return=/c/world/peace"),
                                            Post("/trial", "return=/c/world/peace", ana_)}) {
    EXPECT_EQ(refused.status, 400);
    const std::string page(refused.bytes());
    EXPECT_THAT(page, HasSubstr("href=\"/join?return=/c/world/peace\""));
    EXPECT_THAT(page, Not(HasSubstr("<form")));
  }
}

TEST_F(JoinPagesTest, ASignUpThatIsOverLeadsToAnother) {
  const auto refused = [this](const std::string& target, const std::string& form) {
    const http::HttpResponse response = Post(target, form);
    EXPECT_EQ(response.status, 400) << target;
    const std::string page(response.bytes());
    EXPECT_THAT(page, Not(HasSubstr("One more click"))) << target;
    EXPECT_THAT(page, Not(HasSubstr("<form"))) << target;
    return page;
  };
  told_.Refuse(rpcs::kVerifySignUp,
               Error(absl::StatusCode::kFailedPrecondition, "VERIFICATION_EXPIRED", "expired"));
  EXPECT_THAT(refused("/verify", "token=t"), HasSubstr("href=\"/start?for=account\">"));
  told_.Refuse(rpcs::kVerifySignUp,
               Error(absl::StatusCode::kFailedPrecondition, "VERIFICATION_USED", "used"));
  EXPECT_THAT(refused("/verify", "token=t"), HasSubstr("href=\"/login\">"));
  told_.Refuse(rpcs::kResendVerification,
               InvalidField("sign_up_id", "INVALID_ID", "must be a UUID"));
  EXPECT_THAT(refused("/verify/resend", "sign_up=x"), HasSubstr("href=\"/start?for=account\">"));
  EXPECT_THAT(std::string(Get("/verify?token=t").bytes()),
              HasSubstr("href=\"/start?for=account\""));
  EXPECT_EQ(Header(Get("/verify"), "Location"), "/start?for=account");

  // A mistyped code can be typed again.
  told_.Refuse(rpcs::kVerifySignUp,
               Error(absl::StatusCode::kPermissionDenied, "CODE_WRONG", "the code is wrong"));
  const std::string code(Post("/verify", "sign_up=x&code=1").bytes());
  EXPECT_THAT(code, HasSubstr("That is not the code."));
  EXPECT_THAT(code, HasSubstr("name=\"code\""));
}

TEST_F(JoinPagesTest, APaymentSaysThatItIsRepeatedAndLeadsOn) {
  spb::TestPayment payment;
  payment.set_state(spb::CHECKOUT_STATE_OPEN);
  told_.Answer(rpcs::kGetTestPayment, payment);
  EXPECT_THAT(Shown("/test-payments/1"), HasSubstr("paid again by itself"));
  payment.set_state(spb::CHECKOUT_STATE_COMPLETED);
  payment.set_return_path("/c/world/peace");
  told_.Answer(rpcs::kGetTestPayment, payment);
  EXPECT_THAT(Shown("/test-payments/1"), HasSubstr("href=\"/c/world/peace\">Go on reading<"));
  payment.set_state(spb::CHECKOUT_STATE_DECLINED);
  told_.Answer(rpcs::kGetTestPayment, payment);
  EXPECT_THAT(Shown("/test-payments/1"),
              HasSubstr("href=\"/join?return=/c/world/peace\">Back to the plans<"));
}

}  // namespace
}  // namespace rostrum::gateway
