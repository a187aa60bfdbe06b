#include "services/subscription/membership.h"

#include <algorithm>

namespace rostrum::subscription {
namespace {

using Kind = PaymentEvent::Kind;

MembershipState StateAfter(Kind kind) {
  switch (kind) {
    case Kind::kPaymentFailed: return MembershipState::kGrace;
    case Kind::kCancelled: return MembershipState::kCancelled;
    case Kind::kEnded:
    case Kind::kCheckoutDeclined: return MembershipState::kEnded;
    case Kind::kCheckoutCompleted:
    case Kind::kRenewed:
    case Kind::kResumed: return MembershipState::kActive;
  }
  return MembershipState::kEnded;
}

bool IsRenewed(MembershipState state) {
  return state == MembershipState::kActive || state == MembershipState::kGrace;
}

Membership FromEvent(const Checkout& checkout, const PaymentEvent& event,
                     const MembershipSettings& settings) {
  Membership membership{.account_id = checkout.account_id,
                        .plan_id = checkout.plan_id,
                        .provider = event.provider,
                        .provider_subscription = event.subscription,
                        .state = StateAfter(event.kind),
                        .start_time = event.period_start_time,
                        .period_end_time = event.period_end_time,
                        .sequence = event.sequence};
  switch (membership.state) {
    case MembershipState::kActive:
      membership.entitled_until = event.period_end_time + settings.renewal_leeway;
      break;
    case MembershipState::kGrace:
      membership.grace_end_time = event.time + settings.grace;
      membership.entitled_until = membership.grace_end_time;
      break;
    case MembershipState::kCancelled:
      membership.cancel_time = event.time;
      membership.entitled_until = event.period_end_time;
      break;
    case MembershipState::kEnded: break;
  }
  return membership;
}

}  // namespace

CheckoutState Checkout::StateAt(absl::Time now) const {
  return state == CheckoutState::kOpen && now >= expire_time ? CheckoutState::kExpired : state;
}

bool IsPayment(Kind kind) { return kind == Kind::kCheckoutCompleted || kind == Kind::kRenewed; }

bool IsRenewed(Kind kind) { return IsRenewed(StateAfter(kind)); }

Applied Apply(const std::optional<Membership>& current, const Checkout& checkout,
              const PaymentEvent& event, const MembershipSettings& settings) {
  Membership next = FromEvent(checkout, event, settings);
  if (!current.has_value()) return {.membership = std::move(next)};

  if (current->provider_subscription == event.subscription && current->provider == event.provider) {
    if (event.sequence <= current->sequence) return {};
    next.start_time = std::min(current->start_time, next.start_time);
    // The provider reports each failed payment of a period. The grace period counts from the
    // first, also where it has ended meanwhile, or the member has cancelled and resumed.
    const bool same_period = next.period_end_time == current->period_end_time;
    if (same_period && current->grace_end_time.has_value() && !IsPayment(event.kind)) {
      next.grace_end_time = current->grace_end_time;
      if (next.state == MembershipState::kGrace) next.entitled_until = next.grace_end_time;
    }
    return {.membership = std::move(next)};
  }
  // Two subscriptions of one account: the member paid twice, or joined again.
  if (next.state == MembershipState::kEnded) return {};
  if (!current->IsEntitled(event.time)) return {.membership = std::move(next)};
  if (next.period_end_time <= current->period_end_time) {
    return {.superfluous_subscription = event.subscription};
  }
  next.start_time = std::min(current->start_time, next.start_time);
  return {
      .membership = std::move(next),
      .superfluous_subscription = IsRenewed(current->state) ? current->provider_subscription : ""};
}

void Lapse(Membership& membership) {
  membership.state = MembershipState::kEnded;
  membership.entitled_until.reset();
}

}  // namespace rostrum::subscription
