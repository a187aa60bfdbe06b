#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/common/base/ids.h"
#include "services/subscription/payment_provider.h"

namespace rostrum::subscription {

enum class CheckoutState { kOpen = 1, kCompleted = 2, kDeclined = 3, kExpired = 4 };

// An attempt to become a member.
struct Checkout {
  CheckoutId id;
  AccountId account_id;
  std::string plan_id;
  std::string provider;
  std::string provider_reference;  // empty until the provider has answered
  std::string checkout_url;
  std::string return_path;
  CheckoutState state = CheckoutState::kOpen;
  absl::Time create_time;
  absl::Time expire_time;

  // The state at `now`: an open checkout has expired after expire_time.
  CheckoutState StateAt(absl::Time now) const;
};

inline constexpr absl::Duration kCheckoutLifetime = absl::Hours(24);

enum class MembershipState { kActive = 1, kGrace = 2, kCancelled = 3, kEnded = 4 };

// A paid membership.
struct Membership {
  AccountId account_id;
  std::string plan_id;
  std::string provider;
  std::string provider_subscription;
  MembershipState state = MembershipState::kActive;
  absl::Time start_time;
  absl::Time period_end_time;
  // Set by the first failed payment of the period. From then on the membership is in grace
  // until it is paid for or over: cancelling sets cancel_time only, and resuming unsets it.
  std::optional<absl::Time> grace_end_time;
  std::optional<absl::Time> cancel_time;
  // The end of the right to read; nullopt when the membership is over.
  std::optional<absl::Time> entitled_until;
  int64_t sequence = 0;

  bool IsEntitled(absl::Time now) const {
    return entitled_until.has_value() && now < *entitled_until;
  }
  bool operator==(const Membership&) const = default;
};

struct MembershipSettings {
  // Reading goes on for this long after a failed payment.
  absl::Duration grace = absl::Hours(24 * 7);
  // Reading also goes on for this long after the end of a period, if the provider has
  // reported neither a renewal nor its failure.
  absl::Duration renewal_leeway = absl::Hours(24);
};

// The result of applying an event to a membership. The rules are checked inside the store's
// transaction, so they are pure functions of the stored state.
struct Applied {
  std::optional<Membership> membership;  // to be stored
  // Set if this subscription runs beside another one of the same account: it must not be
  // renewed.
  std::string superfluous_subscription;
};
// `current` is the account's membership, if it has one; `checkout` is the one from which
// the event's subscription began.
Applied Apply(const std::optional<Membership>& current, const Checkout& checkout,
              const PaymentEvent& event, const MembershipSettings& settings);

// True if the event reports a payment, for which there is a receipt.
bool IsPayment(PaymentEvent::Kind kind);

// True if the subscription will still be renewed after such an event.
bool IsRenewed(PaymentEvent::Kind kind);

// Ends a membership that was not renewed.
void Lapse(Membership& membership);

}  // namespace rostrum::subscription
