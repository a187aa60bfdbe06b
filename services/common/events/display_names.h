#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "grpcpp/channel.h"
#include "services/common/base/ids.h"
#include "services/common/events/event_consumer.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/channel.h"

namespace rostrum {

// A service that shows people's names keeps them, as account's ProfileChanged
// tells them. This is what it needs for that, and what it does when it missed
// some. Changes nothing about people whom account does not know.
class DisplayNames {
 public:
  struct Options {
    // Whose names are kept: SELECT DISTINCT account_id FROM ... WHERE account_id > $1
    // ORDER BY account_id LIMIT 100.
    const char* known_sql;
    std::function<void(Transaction&, const AccountId&, const std::string& display_name)> rename;
  };
  DisplayNames(PgPool& pool, std::shared_ptr<grpc::Channel> account_channel,
               ServiceCaller& account_caller, Options options);

  // Of a consumer of account's events.
  EventConsumer::Options ConsumerOptions();

  // Asks account for all names again. UNAVAILABLE.
  absl::Status Refresh(const EventConsumer::Fence& fence);

 private:
  PgPool& pool_;
  const std::shared_ptr<grpc::Channel> channel_;
  ServiceCaller& caller_;
  const Options options_;
};

}  // namespace rostrum
