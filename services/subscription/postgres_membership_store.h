#pragma once

#include <string>
#include <vector>

#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "services/subscription/membership_store.h"

namespace rostrum::subscription {

class PostgresMembershipStore final : public MembershipStore {
 public:
  PostgresMembershipStore(PgPool& pool, OutboxSignal& signal, const MembershipSettings& settings)
      : pool_(pool), signal_(signal), settings_(settings) {}

  absl::StatusOr<Checkout> AddCheckout(const Checkout& checkout,
                                       const IdempotencyKey& key) override;
  absl::StatusOr<Checkout> SetOpened(const CheckoutId& id, const OpenedCheckout& opened) override;
  absl::StatusOr<Checkout> GetCheckout(const CheckoutId& id, const AccountId& account_id) override;
  absl::StatusOr<Membership> Get(const AccountId& account_id) override;
  absl::Status Apply(const PaymentEvent& event, absl::Time now) override;
  absl::StatusOr<std::vector<std::string>> ListSuperfluous() override;
  absl::Status ForgetSuperfluous(const std::string& subscription) override;
  absl::StatusOr<int> LapseDue(absl::Time now) override;
  absl::StatusOr<std::vector<Payment>> ListPayments(const AccountId& account_id,
                                                    const std::optional<PaymentCursor>& after,
                                                    int limit) override;

 private:
  absl::StatusOr<bool> LapseOne(const AccountId& account_id, absl::Time now);

  PgPool& pool_;
  OutboxSignal& signal_;
  const MembershipSettings settings_;
};

// Deletes rows that are no longer needed, in transactions of its own: webhook events after
// 30 days, unpaid checkouts after 90.
absl::Status PurgeMembershipRecords(PgPool& pool, absl::Time now);

}  // namespace rostrum::subscription
