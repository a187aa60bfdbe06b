#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace rostrum::subscription {

// Signatures of webhooks: "t=<unix seconds>,v1=<hex>", where the hex is
// HMAC-SHA-256(secret, "<t>.<body>").
std::string SignWebhook(const std::string& secret, const std::string& body, absl::Time now);

// OK if one of the secrets made the signature, not more than 5 minutes from
// now. UNAUTHENTICATED / WEBHOOK_SIGNATURE_INVALID.
absl::Status VerifyWebhook(const std::vector<std::string>& secrets, const std::string& signature,
                           const std::string& body, absl::Time now);

}  // namespace rostrum::subscription
