#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "services/subscription/payment_provider.h"

namespace rostrum::subscription {

// Converts events to and from the body of the test provider's webhooks.
std::string PaymentEventToJson(const PaymentEvent& event);
// nullopt for a type that is not known. INVALID_ARGUMENT / INVALID_EVENT naming
// the field `event` if it is not an event.
absl::StatusOr<std::optional<PaymentEvent>> PaymentEventFromJson(const std::string& provider,
                                                                 const std::string& body);

}  // namespace rostrum::subscription
