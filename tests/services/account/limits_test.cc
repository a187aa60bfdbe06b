#include "services/account/limits.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

class LimitsTest : public ::testing::Test {
 protected:
  static LimitRates FewForAnAddress() {
    LimitRates rates;
    rates.login_per_account = {.burst = 3, .period = absl::Hours(1)};
    rates.mail_per_address = {.burst = 2, .period = absl::Minutes(30)};
    rates.sign_up_per_address = {.burst = 7, .period = absl::Hours(24)};
    return rates;
  }
  using Check = absl::Status (Limits::*)(const RequestContext&, const std::string&);
  absl::Status Try(Check check, const std::string& network,
                   const std::string& email = "ada@example.org") {
    RequestContext context;
    context.network = network;
    return (limits_.*check)(context, email);
  }
  // How many of `tries` are allowed.
  int Allowed(Check check, const std::string& network, int tries) {
    int allowed = 0;
    for (int i = 0; i < tries; ++i) allowed += Try(check, network).ok() ? 1 : 0;
    return allowed;
  }

  FakeClock clock_;
  LocalThrottle throttle_{clock_};
  const AccountKeys keys_{"a secret for tests, long enough to be one"};
  Limits limits_{throttle_, keys_, FewForAnAddress()};
};

TEST_F(LimitsTest, WhoGuessesAtAnAddressDoesNotLockItsOwnerOut) {
  EXPECT_EQ(Allowed(&Limits::CheckLogin, "guesser", 10), 3);
  EXPECT_THAT(Try(&Limits::CheckLogin, "guesser"), HasReason("RATE_LIMITED"));
  EXPECT_THAT(Try(&Limits::CheckLogin, "owner"), IsOk());
}

TEST_F(LimitsTest, WhoHasMailsSentToAnAddressDoesNotLockItsOwnerOut) {
  EXPECT_EQ(Allowed(&Limits::CheckMail, "stranger", 10), 2);
  EXPECT_EQ(Allowed(&Limits::CheckMail, "owner", 10), 2);
  EXPECT_EQ(Allowed(&Limits::CheckMail, "another", 10), 0) << "no flood of mails";
}

TEST_F(LimitsTest, ManyNetworksTogetherAreLimitedToo) {
  int allowed = 0;
  for (int network = 0; network < 10; ++network) {
    allowed += Allowed(&Limits::CheckLogin, absl::StrCat("net-", network), 3);
  }
  EXPECT_EQ(allowed, 3 * kNetworksPerAddress);
  EXPECT_THAT(Try(&Limits::CheckLogin, "net-10"), HasReason("RATE_LIMITED"));
  EXPECT_THAT(Try(&Limits::CheckLogin, "net-10", "eve@example.org"), IsOk());
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(Try(&Limits::CheckLogin, "net-10"), IsOk());
}

TEST_F(LimitsTest, SignUpsUseUpNoLinkAndNoReset) {
  EXPECT_EQ(Allowed(&Limits::CheckSignUp, "net", 1), 1);
  EXPECT_EQ(Allowed(&Limits::CheckResend, "net", 10), 1) << "of what sign-ups have";
  EXPECT_THAT(Try(&Limits::CheckSignUp, "net"), HasReason("RATE_LIMITED"));
  EXPECT_EQ(Allowed(&Limits::CheckMail, "net", 10), 2);
}

TEST_F(LimitsTest, AnAddressGetsFewMailsOfSignUpsInADay) {
  int sign_ups = 0, links = 0;
  for (int hour = 0; hour < 24; ++hour) {
    const std::string network = absl::StrCat("net-", hour);
    sign_ups += Allowed(hour % 2 == 0 ? &Limits::CheckSignUp : &Limits::CheckResend, network, 10);
    links += Allowed(&Limits::CheckMail, network, 10);
    clock_.Advance(absl::Hours(1));
  }
  // At once, and what the day gives back.
  EXPECT_EQ(sign_ups, 7 + 6);
  EXPECT_EQ(links, 24 * 2) << "else the owner could not log in";
  EXPECT_THAT(Try(&Limits::CheckSignUp, "net-24", "eve@example.org"), IsOk());
}

TEST_F(LimitsTest, WrongCodesFromOneNetworkAreLimited) {
  RequestContext one, other;
  one.network = "net-one";
  other.network = "net-two";
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(limits_.CheckCode(one), IsOk());
    limits_.TakeBackCode(one);
  }
  for (int i = 0; i < 25; ++i) EXPECT_THAT(limits_.CheckCode(one), IsOk());
  EXPECT_THAT(limits_.CheckCode(one), HasReason("RATE_LIMITED"));
  EXPECT_THAT(limits_.CheckCode(other), IsOk());
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(limits_.CheckCode(one), IsOk());
}

TEST_F(LimitsTest, WithoutANetworkAnAddressIsLimitedAllTheSame) {
  EXPECT_EQ(Allowed(&Limits::CheckLogin, "", 10), 3);
}

}  // namespace
}  // namespace rostrum::account
