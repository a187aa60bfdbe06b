#pragma once

#include "absl/status/statusor.h"
#include "services/subscription/membership_store.h"
#include "services/subscription/payment_provider.h"

namespace rostrum::subscription {

// Has the provider stop the subscriptions of people who paid twice, so that
// these are not renewed; what was paid stands in the receipts. The same for
// subscriptions whose checkout is not known. Returns how many.
// One that the provider cannot stop now is tried again the next time; one that it
// does not know is named by a line of level error and forgotten.
absl::StatusOr<int> CancelSuperfluous(MembershipStore& memberships, PaymentProvider& provider);

}  // namespace rostrum::subscription
