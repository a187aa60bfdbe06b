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

// Who may read everything until when, as subscription has told it.
struct KnownEntitlement {
  subscription::v1::AccessReason reason;
  absl::Time end_time;
};

// Keeps what subscription tells of entitlements, so that members need no call
// and go on reading while it is away. It may lag by a moment: who is not here
// is asked for there. Thread-safe.
class EntitlementStore {
 public:
  virtual ~EntitlementStore() = default;
  // What still runs; nullopt if nothing is known. UNAVAILABLE.
  virtual absl::StatusOr<std::optional<KnownEntitlement>> Find(const AccountId& account_id,
                                                               absl::Time now) = 0;
};

class PostgresEntitlementStore final : public EntitlementStore {
 public:
  explicit PostgresEntitlementStore(PgPool& pool) : pool_(pool) {}
  absl::StatusOr<std::optional<KnownEntitlement>> Find(const AccountId& account_id,
                                                       absl::Time now) override;
  // Forgets all of it, when events were missed; `fence` is an EventConsumer's.
  absl::Status Clear(const std::function<absl::Status(Transaction&)>& fence);

 private:
  PgPool& pool_;
};

// Applies an EntitlementChanged inside the transaction of the event.
absl::Status ApplyEntitlementChanged(Transaction& tx, const event::v1::Event& event);

}  // namespace rostrum::content
