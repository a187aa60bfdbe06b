#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"
#include "services/subscription/plan.h"

namespace rostrum::subscription {

// An event of a payment provider. It carries the whole present state, not only the change,
// so events may arrive in any order: the one with the highest sequence is valid. Older ones
// only tell when the membership began, and since when a payment of the period has failed.
struct PaymentEvent {
  enum class Kind {
    kCheckoutCompleted,
    kCheckoutDeclined,
    kRenewed,
    kPaymentFailed,
    kCancelled,
    kResumed,
    kEnded,
  };
  std::string provider;
  std::string id;  // the provider's own; an event takes effect once
  Kind kind = Kind::kCheckoutCompleted;
  std::string reference;     // of the checkout
  std::string subscription;  // the provider's id of the subscription; empty if declined
  int64_t sequence = 0;
  absl::Time time;
  // The period that is paid for (unset if declined): after a failed payment still the last one.
  absl::Time period_start_time;
  absl::Time period_end_time;
  // What was paid, for kCheckoutCompleted and kRenewed.
  Money amount;
};

// A request to take a payment.
struct CheckoutOrder {
  CheckoutId checkout_id;
  Plan plan;
  std::string return_path;
  absl::Time expire_time;  // from then on no payment may be taken
};

struct OpenedCheckout {
  std::string reference;
  std::string url;  // where the person pays
};

// A webhook as it came in.
struct Webhook {
  std::string body;
  std::map<std::string, std::string> headers;  // lower-case names
};

// Takes payments. Thread-safe. Each method may return UNAVAILABLE.
class PaymentProvider {
 public:
  virtual ~PaymentProvider() = default;
  // The name in URLs and in the database.
  virtual const std::string& name() const = 0;
  // Repeating it with the same checkout returns the same.
  virtual absl::StatusOr<OpenedCheckout> OpenCheckout(const CheckoutOrder& order) = 0;
  // Cancel stops the renewal at the end of the period; Resume undoes that. Repeating either
  // returns the present state. If a webhook reports the change too, its event has the same
  // id. FAILED_PRECONDITION / MEMBERSHIP_ENDED, NOT_FOUND / SUBSCRIPTION_NOT_FOUND if the
  // provider does not know the subscription.
  virtual absl::StatusOr<PaymentEvent> Cancel(const std::string& subscription) = 0;
  virtual absl::StatusOr<PaymentEvent> Resume(const std::string& subscription) = 0;
  // The event of a webhook. nullopt for kinds of events that we do not use, and for sales
  // of other installations: they must not be returned, because a subscription whose
  // checkout is unknown is stopped. UNAUTHENTICATED / WEBHOOK_SIGNATURE_INVALID,
  // INVALID_ARGUMENT.
  virtual absl::StatusOr<std::optional<PaymentEvent>> ReadWebhook(const Webhook& webhook) = 0;
};

}  // namespace rostrum::subscription
