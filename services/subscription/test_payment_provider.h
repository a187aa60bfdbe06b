#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pqxx/pqxx"
#include "services/common/base/clock.h"
#include "services/common/postgres/pool.h"
#include "services/subscription/membership.h"
#include "services/subscription/payment_provider.h"

namespace rostrum::subscription {

// A payment at the test provider, as its payment page shows it.
struct TestPayment {
  std::string id;
  Money amount;
  std::string description;
  std::string return_path;
  CheckoutState state = CheckoutState::kOpen;
  absl::Time expire_time;
};

struct TestProviderSettings {
  std::string public_url;            // of the site; the payment page is on it
  std::vector<std::string> secrets;  // of webhooks; the first one is used to sign
  // If not zero, the length of a period instead of a month or a year.
  absl::Duration period_override;
};

// The built-in provider: takes no money but otherwise behaves like a real one. It keeps its
// own tables, renews what it sold and reports that by signed webhooks, each stored in the
// transaction of the change that it reports. Thread-safe.
class TestPaymentProvider : public PaymentProvider {
 public:
  TestPaymentProvider(PgPool& pool, TestProviderSettings settings, Clock& clock)
      : pool_(pool), settings_(std::move(settings)), clock_(clock) {}

  const std::string& name() const override;
  absl::StatusOr<OpenedCheckout> OpenCheckout(const CheckoutOrder& order) override;
  absl::StatusOr<PaymentEvent> Cancel(const std::string& subscription) override;
  absl::StatusOr<PaymentEvent> Resume(const std::string& subscription) override;
  absl::StatusOr<std::optional<PaymentEvent>> ReadWebhook(const Webhook& webhook) override;

  // The actions of a person on the payment page. NOT_FOUND / PAYMENT_NOT_FOUND,
  // FAILED_PRECONDITION / PAYMENT_DECIDED, PAYMENT_EXPIRED.
  absl::StatusOr<TestPayment> Get(const std::string& payment_id);
  absl::StatusOr<TestPayment> Approve(const std::string& payment_id, bool fail_renewals);
  absl::StatusOr<TestPayment> Decline(const std::string& payment_id);

  // Renews or ends subscriptions whose period is over; returns how many.
  absl::StatusOr<int> RenewDue();

 private:
  absl::StatusOr<PaymentEvent> SetCancelled(const std::string& subscription, bool cancelled);

  PgPool& pool_;
  const TestProviderSettings settings_;
  Clock& clock_;
};

}  // namespace rostrum::subscription
