#include "services/subscription/membership_proto.h"

#include "services/common/rpc/proto_time.h"

namespace rostrum::subscription {
namespace {

pb::Money ToProto(const Money& money) {
  pb::Money out;
  out.set_currency_code(money.currency_code);
  out.set_minor_units(money.minor_units);
  return out;
}

}  // namespace

pb::Plan ToProto(const Plan& plan) {
  pb::Plan out;
  out.set_plan_id(plan.id);
  out.set_display_name(plan.display_name);
  *out.mutable_price() = ToProto(plan.price);
  out.set_period(plan.period == BillingPeriod::kMonth ? pb::BILLING_PERIOD_MONTH
                                                      : pb::BILLING_PERIOD_YEAR);
  return out;
}

pb::Checkout ToProto(const Checkout& checkout, absl::Time now) {
  pb::Checkout out;
  out.set_checkout_id(checkout.id.value());
  out.set_plan_id(checkout.plan_id);
  out.set_state(static_cast<pb::CheckoutState>(checkout.StateAt(now)));
  out.set_checkout_url(checkout.checkout_url);
  out.set_return_path(checkout.return_path);
  out.set_provider_reference(checkout.provider_reference);
  *out.mutable_create_time() = ToProtoTime(checkout.create_time);
  *out.mutable_expire_time() = ToProtoTime(checkout.expire_time);
  return out;
}

pb::Membership ToProto(const Membership& membership, absl::Time now) {
  pb::Membership out;
  out.set_plan_id(membership.plan_id);
  out.set_state(membership.IsEntitled(now) ? static_cast<pb::MembershipState>(membership.state)
                                           : pb::MEMBERSHIP_STATE_ENDED);
  *out.mutable_start_time() = ToProtoTime(membership.start_time);
  *out.mutable_period_end_time() = ToProtoTime(membership.period_end_time);
  if (membership.state == MembershipState::kGrace && membership.grace_end_time.has_value()) {
    *out.mutable_grace_end_time() = ToProtoTime(*membership.grace_end_time);
  }
  if (membership.cancel_time.has_value()) {
    *out.mutable_cancel_time() = ToProtoTime(*membership.cancel_time);
  }
  out.set_entitled(membership.IsEntitled(now));
  return out;
}

pb::Payment ToProto(const Payment& payment) {
  pb::Payment out;
  out.set_payment_id(payment.id);
  out.set_plan_id(payment.plan_id);
  *out.mutable_amount() = ToProto(payment.amount);
  *out.mutable_create_time() = ToProtoTime(payment.create_time);
  *out.mutable_period_start_time() = ToProtoTime(payment.period_start_time);
  *out.mutable_period_end_time() = ToProtoTime(payment.period_end_time);
  return out;
}

pb::TestPayment ToProto(const TestPayment& payment) {
  pb::TestPayment out;
  out.set_payment_id(payment.id);
  *out.mutable_amount() = ToProto(payment.amount);
  out.set_description(payment.description);
  out.set_state(static_cast<pb::CheckoutState>(payment.state));
  out.set_return_path(payment.return_path);
  return out;
}

}  // namespace rostrum::subscription
