#pragma once

#include <functional>

#include "absl/status/status.h"
#include "services/common/base/ids.h"
#include "services/common/events/event_consumer.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/event_source.h"

namespace rostrum {

// Keeps a service's copies of people's names up to date: applies account's ProfileChanged
// events, and reads all names again when events were missed. Names of people whom account
// does not know are left as they are.
class DisplayNames {
 public:
  struct Options {
    // Selects the accounts whose names are kept: SELECT DISTINCT account_id FROM ... WHERE
    // account_id > $1 ORDER BY account_id LIMIT 100.
    const char* known_sql;
    std::function<void(Transaction&, const AccountId&, const std::string& display_name)> rename;
  };
  // `account` must outlive this.
  DisplayNames(PgPool& pool, const EventSource& account, Options options);

  // For an EventConsumer of account's events.
  EventConsumer::Options ConsumerOptions();

  // Asks account for all names again. UNAVAILABLE.
  absl::Status Refresh(const EventConsumer::Fence& fence);

 private:
  PgPool& pool_;
  const EventSource& account_;
  const Options options_;
};

}  // namespace rostrum
