#include "services/account/trial_reminders.h"

#include "rostrum/subscription/v1/events.pb.h"
#include "services/account/account_rows.h"
#include "services/account/postgres_mail_queue.h"
#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::account {

absl::Status ApplyTrialEnding(Transaction& tx, const event::v1::Event& event, const Mails& mails,
                              absl::Time now) {
  subscription::v1::TrialEnding ending;
  if (!event.payload().UnpackTo(&ending)) return absl::InternalError("not a TrialEnding");
  const absl::Time end_time = FromProtoTime(ending.end_time());
  // The trial is over: too late for a reminder.
  if (end_time <= now) return absl::OkStatus();
  const std::optional<Account> account = FindAccount(tx, AccountId(ending.account_id()));
  if (!account.has_value() || !account->trial_reminders) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Mail mail, mails.TrialEnding(*account, end_time));
  EnqueueMail(tx, mail, now, end_time);
  return absl::OkStatus();
}

}  // namespace rostrum::account
