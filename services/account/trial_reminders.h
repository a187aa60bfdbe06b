#pragma once

#include "absl/status/status.h"
#include "rostrum/event/v1/event_service.pb.h"
#include "services/account/mails.h"
#include "services/common/base/clock.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {

// Queues the mail that a trial ends, if the account wants reminders. Runs inside the
// transaction that applies subscription's TrialEnding event.
absl::Status ApplyTrialEnding(Transaction& tx, const event::v1::Event& event, const Mails& mails,
                              absl::Time now);

}  // namespace rostrum::account
