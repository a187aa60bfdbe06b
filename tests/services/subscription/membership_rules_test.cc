#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/subscription/membership.h"
#include "services/subscription/payment_event_json.h"
#include "services/subscription/webhook_signature.h"
#include "tests/support/status_matchers.h"

namespace rostrum::subscription {
namespace {

using Kind = PaymentEvent::Kind;

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);
constexpr absl::Duration kMonth = absl::Hours(24 * 30);
const Checkout kCheckout{.id = CheckoutId("00000000-0000-7000-8000-000000000001"),
                         .account_id = AccountId("00000000-0000-7000-8000-00000000000a"),
                         .plan_id = "monthly",
                         .provider = "test",
                         .provider_reference = "ref"};
constexpr MembershipSettings kSettings;

// The event of this number of a subscription that was paid for `periods`. A renewal fails once
// the last of them is over.
PaymentEvent Event(Kind kind, int64_t sequence, int periods = 1,
                   const std::string& subscription = "sub") {
  const bool failed = kind == Kind::kPaymentFailed;
  const absl::Time end = kStart + kMonth * periods;
  return {.provider = "test",
          .id = subscription + std::to_string(sequence),
          .kind = kind,
          .reference = "ref",
          .subscription = subscription,
          .sequence = sequence,
          .time = failed ? end + absl::Hours(sequence) : kStart + absl::Hours(sequence),
          .period_start_time = kStart + kMonth * (periods - 1),
          .period_end_time = end,
          .amount = {"EUR", 700}};
}

std::optional<Membership> After(std::vector<PaymentEvent> events) {
  std::optional<Membership> membership;
  for (const PaymentEvent& event : events) {
    Applied applied = Apply(membership, kCheckout, event, kSettings);
    if (applied.membership.has_value()) membership = applied.membership;
  }
  return membership;
}

TEST(MembershipTest, APaymentEntitlesForThePeriodAndALeeway) {
  const Membership m = *After({Event(Kind::kCheckoutCompleted, 1)});
  EXPECT_EQ(m.state, MembershipState::kActive);
  EXPECT_TRUE(m.IsEntitled(kStart + kMonth + absl::Hours(23)));
  EXPECT_FALSE(m.IsEntitled(kStart + kMonth + absl::Hours(24)));
}

TEST(MembershipTest, ACancelledOneEndsWithItsPeriod) {
  const Membership m = *After({Event(Kind::kCheckoutCompleted, 1), Event(Kind::kCancelled, 2)});
  EXPECT_EQ(m.state, MembershipState::kCancelled);
  EXPECT_EQ(m.cancel_time, kStart + absl::Hours(2));
  EXPECT_TRUE(m.IsEntitled(kStart + kMonth - absl::Seconds(1)));
  EXPECT_FALSE(m.IsEntitled(kStart + kMonth));
}

TEST(MembershipTest, ResumingTakesACancellationBack) {
  const Membership m = *After(
      {Event(Kind::kCheckoutCompleted, 1), Event(Kind::kCancelled, 2), Event(Kind::kResumed, 3)});
  EXPECT_EQ(m.state, MembershipState::kActive);
  EXPECT_FALSE(m.cancel_time.has_value());
}

TEST(MembershipTest, AFailedPaymentGivesGraceAndARenewalEndsIt) {
  const PaymentEvent failed = Event(Kind::kPaymentFailed, 2);
  const Membership grace = *After({Event(Kind::kCheckoutCompleted, 1), failed});
  EXPECT_EQ(grace.state, MembershipState::kGrace);
  EXPECT_EQ(grace.entitled_until, failed.time + kSettings.grace);
  const Membership paid =
      *After({Event(Kind::kCheckoutCompleted, 1), failed, Event(Kind::kRenewed, 3, 2)});
  EXPECT_EQ(paid.state, MembershipState::kActive);
  EXPECT_FALSE(paid.grace_end_time.has_value());
  EXPECT_EQ(paid.start_time, kStart) << "without a break";
}

TEST(MembershipTest, GraceIsCountedFromTheFirstFailedPaymentOfAPeriod) {
  const PaymentEvent joined = Event(Kind::kCheckoutCompleted, 1);
  const PaymentEvent failed = Event(Kind::kPaymentFailed, 2);
  const Membership again = *After({joined, failed, Event(Kind::kPaymentFailed, 3)});
  EXPECT_EQ(again.grace_end_time, failed.time + kSettings.grace);
  EXPECT_EQ(again.entitled_until, failed.time + kSettings.grace);
  EXPECT_EQ(again.sequence, 3);
  Membership lapsed = again;
  Lapse(lapsed);
  const PaymentEvent late = Event(Kind::kPaymentFailed, 24 * 9);
  EXPECT_FALSE(Apply(lapsed, kCheckout, late, kSettings).membership->IsEntitled(late.time));
  const PaymentEvent next_period = Event(Kind::kPaymentFailed, 5, 2);
  const Membership later = *After({joined, failed, Event(Kind::kRenewed, 4, 2), next_period});
  EXPECT_EQ(later.grace_end_time, next_period.time + kSettings.grace);
}

TEST(MembershipTest, CancellingAndResumingInGraceGivesNoMoreAndTakesNothing) {
  const PaymentEvent failed = Event(Kind::kPaymentFailed, 2);
  std::vector<PaymentEvent> events = {Event(Kind::kCheckoutCompleted, 1), failed};
  for (const Kind kind : {Kind::kCancelled, Kind::kResumed, Kind::kPaymentFailed}) {
    events.push_back(Event(kind, static_cast<int64_t>(events.size()) + 1));
    const Membership m = *After(events);
    EXPECT_EQ(m.state, MembershipState::kGrace);
    EXPECT_EQ(m.grace_end_time, failed.time + kSettings.grace);
    EXPECT_EQ(m.entitled_until, failed.time + kSettings.grace);
    EXPECT_EQ(m.cancel_time.has_value(), kind == Kind::kCancelled);
  }
  events.push_back(Event(Kind::kRenewed, 6, 2));
  EXPECT_EQ(After(events)->state, MembershipState::kActive);
}

TEST(MembershipTest, ARenewalThatFailsEarlyTakesNothingOfThePeriod) {
  PaymentEvent early = Event(Kind::kPaymentFailed, 2);
  early.time = kStart + absl::Hours(1);
  const Membership m = *After({Event(Kind::kCheckoutCompleted, 1), early});
  EXPECT_EQ(m.grace_end_time, kStart + kMonth);
  EXPECT_EQ(m.entitled_until, kStart + kMonth);
}

// Applies the events in every order, one of them twice; returns what they make in their own.
Membership InEveryOrder(const std::vector<PaymentEvent>& events) {
  const Membership expected = *After(events);
  std::vector<int> order(events.size());
  std::iota(order.begin(), order.end(), 0);
  int others = 0;
  do {
    std::vector<PaymentEvent> arrived;
    for (const int index : order) arrived.push_back(events[index]);
    arrived.push_back(events[order[0]]);
    if (After(arrived) != expected) ++others;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(others, 0) << "orders make something else";
  return expected;
}

TEST(MembershipTest, TheOrderInWhichEventsArriveDoesNotMatter) {
  const PaymentEvent failed = Event(Kind::kPaymentFailed, 4, 2);
  std::vector<PaymentEvent> events = {
      Event(Kind::kCheckoutCompleted, 1), Event(Kind::kPaymentFailed, 2),
      Event(Kind::kRenewed, 3, 2),        failed,
      Event(Kind::kPaymentFailed, 5, 2),  Event(Kind::kCancelled, 6, 2)};
  const Membership cancelled = InEveryOrder(events);
  EXPECT_EQ(cancelled.state, MembershipState::kGrace);
  EXPECT_EQ(cancelled.start_time, kStart);
  EXPECT_EQ(cancelled.period_end_time, kStart + kMonth * 2);
  EXPECT_EQ(cancelled.entitled_until, failed.time + kSettings.grace);
  EXPECT_EQ(cancelled.cancel_time, events.back().time);
  EXPECT_EQ(cancelled.sequence, 6);
  events.back() = Event(Kind::kResumed, 6, 2);
  EXPECT_FALSE(InEveryOrder(events).cancel_time.has_value());
  events.back() = Event(Kind::kEnded, 6, 2);
  EXPECT_EQ(InEveryOrder(events).state, MembershipState::kEnded);
  events.back() = Event(Kind::kRenewed, 6, 3);
  const Membership renewed = InEveryOrder(events);
  EXPECT_EQ(renewed.state, MembershipState::kActive);
  EXPECT_FALSE(renewed.grace_end_time.has_value());
  EXPECT_EQ(renewed.start_time, kStart);
  EXPECT_EQ(InEveryOrder({Event(Kind::kCheckoutCompleted, 1), Event(Kind::kCancelled, 2),
                          Event(Kind::kResumed, 3), Event(Kind::kCancelled, 4)})
                .state,
            MembershipState::kCancelled);
}

TEST(MembershipTest, AnOlderEventThatTellsNothingNewIsNotStoredAgain) {
  const auto current = After({Event(Kind::kCheckoutCompleted, 1), Event(Kind::kRenewed, 3, 2)});
  const Applied late = Apply(current, kCheckout, Event(Kind::kCancelled, 2), kSettings);
  EXPECT_FALSE(late.membership.has_value());
}

TEST(MembershipTest, JoiningAgainTakesThePlaceOfWhatEnded) {
  PaymentEvent again = Event(Kind::kCheckoutCompleted, 1, 5, "second");
  again.time = again.period_start_time;
  const Membership m = *After({Event(Kind::kCheckoutCompleted, 1), Event(Kind::kEnded, 2), again});
  EXPECT_EQ(m.provider_subscription, "second");
  EXPECT_EQ(m.start_time, again.period_start_time) << "there was a break";
}

TEST(MembershipTest, ASecondSubscriptionIsNotRenewed) {
  const std::optional<Membership> first = After({Event(Kind::kCheckoutCompleted, 1)});
  PaymentEvent second = Event(Kind::kCheckoutCompleted, 1, 1, "second");
  Applied same = Apply(first, kCheckout, second, kSettings);
  EXPECT_FALSE(same.membership.has_value());
  EXPECT_EQ(same.superfluous_subscription, "second");
  second.period_end_time += kMonth;
  Applied longer = Apply(first, kCheckout, second, kSettings);
  EXPECT_EQ(longer.membership->provider_subscription, "second");
  EXPECT_EQ(longer.superfluous_subscription, "sub");
  const Applied after_cancelling =
      Apply(After({Event(Kind::kCheckoutCompleted, 1), Event(Kind::kCancelled, 2)}), kCheckout,
            second, kSettings);
  EXPECT_EQ(after_cancelling.superfluous_subscription, "") << "it is not renewed anyway";
  // The end of the first takes nothing from the second.
  EXPECT_FALSE(Apply(longer.membership, kCheckout, Event(Kind::kEnded, 2), kSettings)
                   .membership.has_value());
}

TEST(PlanTest, ReadsPlansCheapestFirst) {
  const auto plans = ParsePlans("y:Yearly:EUR:7000:year; m:Monthly:EUR:700:month");
  ASSERT_THAT(plans, IsOk());
  ASSERT_EQ(plans->size(), 2u);
  EXPECT_EQ((*plans)[0].id, "m");
  EXPECT_EQ((*plans)[0].price.minor_units, 700);
  EXPECT_EQ((*plans)[1].period, BillingPeriod::kYear);
}

TEST(PlanTest, RefusesWhatIsNotAPlan) {
  for (const char* text :
       {"", "m:Monthly:EUR:700", "m:Monthly:eur:700:month", "M:x:EUR:1:month",
        "m:Monthly:EUR:-1:month", "m:Monthly:EUR:1:week", "m:A:EUR:1:month;m:B:EUR:2:month"}) {
    EXPECT_THAT(ParsePlans(text).status(), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

absl::Time Utc(int year, int month, int day) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, 12, 30, 0), absl::UTCTimeZone());
}

TEST(PlanTest, AMonthAfterTheLastDayIsTheLastDay) {
  EXPECT_EQ(AddMonths(Utc(2026, 1, 31), 1), Utc(2026, 2, 28));
  EXPECT_EQ(AddMonths(Utc(2028, 1, 31), 1), Utc(2028, 2, 29));
  EXPECT_EQ(AddMonths(Utc(2026, 1, 31), 2), Utc(2026, 3, 31));
  EXPECT_EQ(AddMonths(Utc(2028, 2, 29), 12), Utc(2029, 2, 28));
  EXPECT_EQ(AddMonths(Utc(2026, 11, 15), 3), Utc(2027, 2, 15));
}

TEST(WebhookSignatureTest, TakesEitherSecretWithinFiveMinutes) {
  const std::vector<std::string> secrets = {"new secret", "old secret"};
  const std::string signature = SignWebhook("old secret", "body", kStart);
  EXPECT_THAT(VerifyWebhook(secrets, signature, "body", kStart), IsOk());
  EXPECT_THAT(VerifyWebhook(secrets, signature, "body", kStart + absl::Minutes(5)), IsOk());
  for (const auto& [given, body, now] :
       std::vector<std::tuple<std::string, std::string, absl::Time>>{
           {signature, "Body", kStart},
           {signature, "body", kStart + absl::Minutes(5) + absl::Seconds(1)},
           {signature, "body", kStart - absl::Minutes(6)},
           {SignWebhook("another", "body", kStart), "body", kStart},
           {"", "body", kStart},
           {"t=1700000000", "body", kStart},
           {"t=x,v1=00", "body", kStart},
           {signature.substr(0, signature.size() - 1), "body", kStart}}) {
    EXPECT_THAT(VerifyWebhook(secrets, given, body, now), HasReason("WEBHOOK_SIGNATURE_INVALID"))
        << given;
  }
}

TEST(PaymentEventJsonTest, ComesBackAsItWas) {
  const PaymentEvent event = Event(Kind::kRenewed, 4, 2);
  const auto read = PaymentEventFromJson("test", PaymentEventToJson(event));
  ASSERT_THAT(read, IsOk());
  ASSERT_TRUE(read->has_value());
  EXPECT_EQ((*read)->id, event.id);
  EXPECT_EQ((*read)->kind, event.kind);
  EXPECT_EQ((*read)->period_end_time, event.period_end_time);
  EXPECT_EQ((*read)->amount.minor_units, 700);
}

TEST(PaymentEventJsonTest, PassesOverWhatItDoesNotKnowAndRefusesTheRest) {
  EXPECT_FALSE(
      PaymentEventFromJson("test", R"({"id":"e","type":"customer.created"})")->has_value());
  for (const char* body :
       {"", "[]", "{}", "null", R"({"type":7})", R"({"type":"subscription.renewed"})",
        R"({"type":"checkout.declined","id":"","reference":"r","sequence":1,"time":1})",
        R"({"type":"checkout.declined","id":"e","reference":"r","sequence":"1","time":1})"}) {
    EXPECT_THAT(PaymentEventFromJson("test", body).status(), HasViolation("event")) << body;
  }
}

}  // namespace
}  // namespace rostrum::subscription
