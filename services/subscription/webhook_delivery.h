#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/common/base/clock.h"
#include "services/common/postgres/pool.h"

namespace rostrum::subscription {

// Carries the test provider's webhooks to the platform's public address, as a
// real provider would: signed, at least once, again after a failure. Any number
// of replicas may deliver. Thread-safe.
class WebhookDelivery {
 public:
  WebhookDelivery(PgPool& pool, std::string url, std::string secret, Clock& clock);
  // Delivers what is due. What fails is put off, and dropped after three days.
  absl::Status DeliverDue();

 private:
  absl::Status Post(const std::string& body);

  PgPool& pool_;
  const std::string url_;
  const std::string secret_;
  Clock& clock_;
};

}  // namespace rostrum::subscription
