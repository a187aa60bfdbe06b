// The account page and what is changed there.
#include <string>

#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"
#include "tests/gateway/web/site_fixture.h"

namespace rostrum::gateway {
namespace {

namespace apb = rostrum::account::v1;
namespace spb = rostrum::subscription::v1;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
constexpr char kJoin[] = "<a class=\"button\" href=\"/join?return=/account\">Join</a>";

// Ana's account, which is neither a member's nor had a trial.
class AccountPagesTest : public SiteTest {
 protected:
  AccountPagesTest() {
    apb::Account account;
    account.set_display_name("Ana");
    account.set_has_password(true);
    told_.Answer(rpcs::kGetAccount, account);
    told_.Answer(rpcs::kListPlans, ThePlans());
    told_.Answer(rpcs::kListPayments, {});
    told_.Answer(rpcs::kListFollows, {});
    told_.Answer(rpcs::kListSessions, {});
    told_.Refuse(rpcs::kGetMembership, absl::NotFoundError("none"));
    told_.Refuse(rpcs::kGetTrial, absl::NotFoundError("none"));
  }
  const Headers ana_ = SignedIn();
};

TEST_F(AccountPagesTest, ATrialHasAWayToJoinWhileItRunsAndAfterwards) {
  spb::Trial trial;
  *trial.mutable_end_time() = ToProtoTime(kNoon);
  trial.set_active(true);
  told_.Answer(rpcs::kGetTrial, trial);
  EXPECT_THAT(Shown("/account"), HasSubstr(kJoin));
  EXPECT_THAT(Shown("/account"), HasSubstr("<p data-countdown-running>Your free trial runs"));
  trial.set_active(false);
  told_.Answer(rpcs::kGetTrial, trial);
  EXPECT_THAT(Shown("/account"), HasSubstr(kJoin));
  EXPECT_THAT(Shown("/account"), HasSubstr("<p>Your free trial has ended."));
}

TEST_F(AccountPagesTest, AMemberSeesThePlanTheNextPaymentAndAllReceipts) {
  spb::Membership membership;
  membership.set_plan_id("yearly");
  membership.set_state(spb::MEMBERSHIP_STATE_ACTIVE);
  membership.set_entitled(true);
  *membership.mutable_period_end_time() = ToProtoTime(kNoon);
  told_.Answer(rpcs::kGetMembership, membership);
  spb::ListPaymentsResponse payments;
  spb::Payment& payment = *payments.add_payments();
  payment.set_plan_id("yearly");
  payment.mutable_amount()->set_currency_code("EUR");
  payment.mutable_amount()->set_minor_units(7000);  // before the price rose
  *payment.mutable_create_time() = ToProtoTime(kNoon);
  payments.set_next_page_token("o/l=d");
  told_.Answer(rpcs::kListPayments, payments);
  const std::string page = Shown("/account");
  EXPECT_THAT(page, HasSubstr("You are a member. Your plan: Yearly."));
  EXPECT_THAT(page, HasSubstr("Renews for EUR 70.00 on <time datetime=\"2023-11-14T"));
  EXPECT_THAT(page, HasSubstr("<strong>EUR 70.00</strong>"));
  EXPECT_THAT(page, HasSubstr("href=\"/account?receipts=o/l%3Dd#receipts\""));
  const std::string older = Shown("/account?receipts=o/l%3Dd");
  EXPECT_EQ(told_.Asked(rpcs::kListPayments).page_token(), "o/l=d");
  EXPECT_THAT(older, HasSubstr("Renews on <time"));
  EXPECT_THAT(older, HasSubstr("href=\"/account#receipts\""));

  told_.Refuse(rpcs::kListPayments, InvalidField("page_token", "INVALID_PAGE_TOKEN", "is old"));
  EXPECT_EQ(Header(Get("/account?receipts=old", ana_), "Location"), "/account#receipts");
}

TEST_F(AccountPagesTest, ASubscriptionThatIsAwayIsNotAskedMore) {
  told_.Refuse(rpcs::kGetMembership, absl::UnavailableError("away"));
  const std::string page = Shown("/account");
  EXPECT_THAT(page, HasSubstr("Your trial or membership cannot be shown at this moment."));
  EXPECT_THAT(page, HasSubstr("Your receipts cannot be shown at this moment."));
  EXPECT_THAT(page, Not(HasSubstr(kJoin)));
  EXPECT_FALSE(told_.WasAsked(rpcs::kListPayments));
  EXPECT_FALSE(told_.WasAsked(rpcs::kListPlans));
}

TEST_F(AccountPagesTest, WhatIsWrongIsNamed) {
  told_.Refuse(rpcs::kUpdateAccount,
               InvalidField("account.display_name", "REQUIRED", "must not be empty"));
  EXPECT_THAT(std::string(Post("/account", "display_name=", ana_).bytes()),
              HasSubstr(">Name, as others see it must not be empty.<"));
}

TEST_F(AccountPagesTest, ThePasswordCanBeChanged) {
  EXPECT_THAT(Shown("/account"), HasSubstr("href=\"/account/password\""));
  EXPECT_THAT(Shown("/account/password"), HasSubstr("name=\"current\""));
  told_.Refuse(rpcs::kChangePassword,
               Error(absl::StatusCode::kPermissionDenied, "PASSWORD_WRONG", "wrong"));
  const http::HttpResponse wrong = Post("/account/password", "current=a&password=b", ana_);
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(std::string(wrong.bytes()),
              HasSubstr("id=\"error-current\">Current password is not right.<"));
  EXPECT_EQ(told_.Asked(rpcs::kChangePassword).current_password(), "a");
  EXPECT_EQ(told_.Asked(rpcs::kChangePassword).new_password(), "b");
  told_.Answer(rpcs::kChangePassword, {});
  const http::HttpResponse done = Post("/account/password", "current=a&password=b", ana_);
  EXPECT_THAT(Shown(Header(done, "Location")), HasSubstr("The password is set."));

  apb::Account by_link;
  told_.Answer(rpcs::kGetAccount, by_link);
  EXPECT_THAT(Shown("/account/password"), Not(HasSubstr("name=\"current\"")));
}

TEST_F(AccountPagesTest, AllOtherSessionsCanBeEnded) {
  apb::ListSessionsResponse sessions;
  sessions.add_sessions()->set_current(true);
  told_.Answer(rpcs::kListSessions, sessions);
  EXPECT_THAT(Shown("/account"), Not(HasSubstr("/account/log-out-others")));
  sessions.add_sessions();
  told_.Answer(rpcs::kListSessions, sessions);
  EXPECT_THAT(Shown("/account"), HasSubstr("action=\"/account/log-out-others\""));
  told_.Answer(rpcs::kRevokeOtherSessions, {});
  EXPECT_EQ(Header(Post("/account/log-out-others", "", ana_), "Location"), "/account");
  EXPECT_TRUE(told_.WasAsked(rpcs::kRevokeOtherSessions));
}

}  // namespace
}  // namespace rostrum::gateway
