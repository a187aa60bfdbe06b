#include "services/subscription/membership.h"

#include <algorithm>

namespace rostrum::subscription {
namespace {

using Kind = PaymentEvent::Kind;

// Sets state and entitled_until as they follow from the rest, unless the membership is over.
void Settle(Membership& membership, const MembershipSettings& settings) {
  if (membership.state == MembershipState::kEnded) {
    membership.entitled_until.reset();
  } else if (membership.grace_end_time.has_value()) {
    membership.state = MembershipState::kGrace;
    membership.entitled_until = membership.grace_end_time;
  } else if (membership.cancel_time.has_value()) {
    membership.state = MembershipState::kCancelled;
    membership.entitled_until = membership.period_end_time;
  } else {
    membership.state = MembershipState::kActive;
    membership.entitled_until = membership.period_end_time + settings.renewal_leeway;
  }
}

Membership FromEvent(const Checkout& checkout, const PaymentEvent& event,
                     const MembershipSettings& settings) {
  Membership membership{.account_id = checkout.account_id,
                        .plan_id = checkout.plan_id,
                        .provider = event.provider,
                        .provider_subscription = event.subscription,
                        .start_time = event.period_start_time,
                        .period_end_time = event.period_end_time,
                        .sequence = event.sequence};
  if (event.kind == Kind::kPaymentFailed) {
    // A renewal that fails early takes nothing from what is paid for.
    membership.grace_end_time = std::max(event.time + settings.grace, event.period_end_time);
  }
  if (event.kind == Kind::kCancelled) membership.cancel_time = event.time;
  if (event.kind == Kind::kEnded) membership.state = MembershipState::kEnded;
  Settle(membership, settings);
  return membership;
}

// What two events of one subscription make, in whichever order they came. The one with the higher
// sequence is valid, but the other may have the earlier start, and the failed payment from which
// the grace of this period counts: the first one, also where its grace is over. `paid`: `next` is
// a payment.
Membership Merge(const Membership& current, const Membership& next, bool paid,
                 const MembershipSettings& settings) {
  const bool newer = next.sequence > current.sequence;
  Membership merged = newer ? next : current;
  const Membership& older = newer ? current : next;
  merged.start_time = std::min(merged.start_time, older.start_time);
  if (older.grace_end_time.has_value() && older.period_end_time == merged.period_end_time &&
      !(newer && paid)) {
    merged.grace_end_time =
        std::min(merged.grace_end_time.value_or(absl::InfiniteFuture()), *older.grace_end_time);
  }
  Settle(merged, settings);
  return merged;
}

}  // namespace

CheckoutState Checkout::StateAt(absl::Time now) const {
  return state == CheckoutState::kOpen && now >= expire_time ? CheckoutState::kExpired : state;
}

bool IsPayment(Kind kind) { return kind == Kind::kCheckoutCompleted || kind == Kind::kRenewed; }

bool IsRenewed(Kind kind) {
  return IsPayment(kind) || kind == Kind::kPaymentFailed || kind == Kind::kResumed;
}

Applied Apply(const std::optional<Membership>& current, const Checkout& checkout,
              const PaymentEvent& event, const MembershipSettings& settings) {
  Membership next = FromEvent(checkout, event, settings);
  if (!current.has_value()) return {.membership = std::move(next)};

  if (current->provider_subscription == event.subscription && current->provider == event.provider) {
    Membership merged = Merge(*current, next, IsPayment(event.kind), settings);
    if (merged == *current) return {};
    return {.membership = std::move(merged)};
  }
  // Two subscriptions of one account: the member paid twice, or joined again.
  if (next.state == MembershipState::kEnded) return {};
  if (!current->IsEntitled(event.time)) return {.membership = std::move(next)};
  if (next.period_end_time <= current->period_end_time) {
    return {.superfluous_subscription = event.subscription};
  }
  next.start_time = std::min(current->start_time, next.start_time);
  return {.membership = std::move(next),
          .superfluous_subscription =
              current->cancel_time.has_value() ? "" : current->provider_subscription};
}

void Lapse(Membership& membership) {
  membership.state = MembershipState::kEnded;
  membership.entitled_until.reset();
}

}  // namespace rostrum::subscription
