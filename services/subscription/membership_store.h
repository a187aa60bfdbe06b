#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/postgres/idempotency.h"
#include "services/subscription/membership.h"

namespace rostrum::subscription {

// The receipt of a payment.
struct Payment {
  std::string id;
  std::string plan_id;
  Money amount;
  absl::Time create_time;
  absl::Time period_start_time;
  absl::Time period_end_time;
};

struct PaymentCursor {
  absl::Time create_time;
  std::string id;
};

// Stores checkouts, memberships and receipts. Thread-safe. All methods may
// return UNAVAILABLE when the database cannot be reached.
class MembershipStore {
 public:
  virtual ~MembershipStore() = default;

  // Adds a checkout, once for each key. FAILED_PRECONDITION / ALREADY_MEMBER,
  // INVALID_ARGUMENT / REQUEST_ID_REUSED.
  virtual absl::StatusOr<Checkout> AddCheckout(const Checkout& checkout,
                                               const IdempotencyKey& key) = 0;
  // Stores the answer of the provider, unless one is stored already.
  virtual absl::StatusOr<Checkout> SetOpened(const CheckoutId& id,
                                             const OpenedCheckout& opened) = 0;
  // NOT_FOUND / CHECKOUT_NOT_FOUND, also for a checkout of another account.
  virtual absl::StatusOr<Checkout> GetCheckout(const CheckoutId& id,
                                               const AccountId& account_id) = 0;

  // NOT_FOUND / NO_MEMBERSHIP.
  virtual absl::StatusOr<Membership> Get(const AccountId& account_id) = 0;
  // Applies an event, once, even if it is delivered twice. An event whose checkout is not
  // known (yet) makes nobody a member. A subscription that must not be renewed, because the
  // account pays for another one or because its checkout is unknown, is kept as superfluous
  // until ForgetSuperfluous, or until it is the account's membership after all.
  virtual absl::Status Apply(const PaymentEvent& event, absl::Time now) = 0;
  // At most a hundred superfluous subscriptions, different ones at each call, so that those
  // that cannot be stopped do not block the others.
  virtual absl::StatusOr<std::vector<std::string>> ListSuperfluous() = 0;
  virtual absl::Status ForgetSuperfluous(const std::string& subscription) = 0;
  // Ends memberships whose time is over; returns how many ended.
  virtual absl::StatusOr<int> LapseDue(absl::Time now) = 0;

  // Newest first.
  virtual absl::StatusOr<std::vector<Payment>> ListPayments(
      const AccountId& account_id, const std::optional<PaymentCursor>& after, int limit) = 0;
};

}  // namespace rostrum::subscription
