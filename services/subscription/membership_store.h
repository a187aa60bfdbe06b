#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/postgres/idempotency.h"
#include "services/subscription/membership.h"

namespace rostrum::subscription {

// A payment that was made: a receipt.
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
  // Keeps what the provider answered, unless something is kept already.
  virtual absl::StatusOr<Checkout> SetOpened(const CheckoutId& id,
                                             const OpenedCheckout& opened) = 0;
  // NOT_FOUND / CHECKOUT_NOT_FOUND, also for another account's.
  virtual absl::StatusOr<Checkout> GetCheckout(const CheckoutId& id,
                                               const AccountId& account_id) = 0;

  // NOT_FOUND / NO_MEMBERSHIP.
  virtual absl::StatusOr<Membership> Get(const AccountId& account_id) = 0;
  // Lets an event take effect, once whatever is delivered twice; one whose checkout
  // is not known makes nobody a member until it is. A subscription that must not be
  // renewed, because somebody paid twice or nobody's checkout is known, is kept until
  // it is forgotten.
  virtual absl::Status Apply(const PaymentEvent& event, absl::Time now) = 0;
  // At most a hundred, others each time: those that cannot be stopped are in the way
  // of none.
  virtual absl::StatusOr<std::vector<std::string>> ListSuperfluous() = 0;
  virtual absl::Status ForgetSuperfluous(const std::string& subscription) = 0;
  // Ends memberships whose time is over; returns how many.
  virtual absl::StatusOr<int> LapseDue(absl::Time now) = 0;

  // Newest first.
  virtual absl::StatusOr<std::vector<Payment>> ListPayments(
      const AccountId& account_id, const std::optional<PaymentCursor>& after, int limit) = 0;
};

}  // namespace rostrum::subscription
