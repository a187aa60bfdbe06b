#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/base/clock.h"
#include "services/common/postgres/pool.h"

namespace rostrum::subscription {

// Delivers the test provider's webhooks to the public address of the platform, as a real
// provider would: signed, at least once, again after a failure. Any number of replicas may
// deliver. Thread-safe.
class WebhookDelivery {
 public:
  WebhookDelivery(PgPool& pool, std::string url, std::string secret, Clock& clock);
  // Delivers webhooks that are due. Those that fail are tried again later, and dropped
  // after three days.
  absl::Status DeliverDue();
  // Makes DeliverDue return after its current delivery.
  void Stop() { stopping_ = true; }

 private:
  struct Delivery {
    std::string id;
    std::string body;
    int attempts;
    absl::Time create_time;
  };
  absl::StatusOr<std::optional<Delivery>> Claim();
  absl::Status Deliver(const Delivery& delivery);
  absl::Status Post(const std::string& body);

  PgPool& pool_;
  const std::string url_;
  const std::string secret_;
  Clock& clock_;
  std::atomic<bool> stopping_{false};
};

}  // namespace rostrum::subscription
