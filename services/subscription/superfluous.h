#pragma once

#include "absl/status/statusor.h"
#include "services/subscription/membership_store.h"
#include "services/subscription/payment_provider.h"

namespace rostrum::subscription {

// Makes the provider stop superfluous subscriptions, so that they are not renewed: second
// subscriptions of people who paid twice (what they paid is in the receipts), and those
// whose checkout is unknown. Returns how many were stopped. One that the provider cannot
// stop now is tried again next time; one that it does not know is logged as an error and
// forgotten.
absl::StatusOr<int> CancelSuperfluous(MembershipStore& memberships, PaymentProvider& provider);

}  // namespace rostrum::subscription
