#pragma once

#include "absl/status/status.h"
#include "rostrum/event/v1/event_service.pb.h"
#include "services/common/base/clock.h"
#include "services/common/events/event_consumer.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/transaction.h"
#include "services/subscription/trial_store.h"

namespace rostrum::subscription {

// Applies account's AccountVerified events: starts the trials of accounts that accepted the
// offer. Usually account's StartTrial call came first; then the trial exists already.
class VerifiedAccounts {
 public:
  VerifiedAccounts(PostgresTrialStore& trials, OutboxSignal& signal, Clock& clock)
      : trials_(trials), signal_(signal), clock_(clock) {}

  // For an EventConsumer of account's events.
  EventConsumer::Options ConsumerOptions();

 private:
  absl::Status Apply(Transaction& tx, const event::v1::Event& event);

  PostgresTrialStore& trials_;
  OutboxSignal& signal_;
  Clock& clock_;
  int began_ = 0;  // in the batch of events that is being applied
};

}  // namespace rostrum::subscription
