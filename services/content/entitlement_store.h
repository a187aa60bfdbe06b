#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rostrum/event/v1/event_service.pb.h"
#include "rostrum/subscription/v1/access_service.pb.h"
#include "services/common/base/ids.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::content {

// An entitlement to read everything, as reported by an event of subscription.
struct KnownEntitlement {
  subscription::v1::AccessReason reason;
  absl::Time end_time;
};

// Keeps the entitlements from the events of subscription, so that posts are shown to
// members without a call, and while subscription is unavailable. The events may lag, so
// subscription is asked about accounts that are not found here. Thread-safe.
class EntitlementStore {
 public:
  virtual ~EntitlementStore() = default;
  // The entitlement if it still runs; nullopt if none is known. UNAVAILABLE.
  virtual absl::StatusOr<std::optional<KnownEntitlement>> Find(const AccountId& account_id,
                                                               absl::Time now) = 0;
};

class PostgresEntitlementStore final : public EntitlementStore {
 public:
  explicit PostgresEntitlementStore(PgPool& pool) : pool_(pool) {}
  absl::StatusOr<std::optional<KnownEntitlement>> Find(const AccountId& account_id,
                                                       absl::Time now) override;
  // Deletes all entitlements; called when events were missed. `fence` is that of
  // EventConsumer.
  absl::Status Clear(const std::function<absl::Status(Transaction&)>& fence);

 private:
  PgPool& pool_;
};

// Applies an EntitlementChanged inside the transaction of the event.
absl::Status ApplyEntitlementChanged(Transaction& tx, const event::v1::Event& event);

}  // namespace rostrum::content
