#include "services/subscription/verified_accounts.h"

#include "rostrum/account/v1/events.pb.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {

EventConsumer::Options VerifiedAccounts::ConsumerOptions() {
  return {.handlers = {{account::v1::AccountVerified::descriptor()->full_name(),
                        [this](Transaction& tx, const event::v1::Event& event) {
                          return Apply(tx, event);
                        }}},
          // No reader may miss a trial; an event that is applied twice finds it started already.
          .replay = true,
          .begin = [this] { began_ = 0; },
          .applied =
              [this] {
                trials_.CountStarted(began_);
                signal_.Notify();
              }};
}

absl::Status VerifiedAccounts::Apply(Transaction& tx, const event::v1::Event& event) {
  account::v1::AccountVerified verified;
  if (!event.payload().UnpackTo(&verified)) return absl::InternalError("not an AccountVerified");
  if (!verified.trial_accepted()) return absl::OkStatus();
  // The batch has written before, so what another transaction tells about this account meanwhile
  // may be read after what is told here (LockEntitlement). If it is a membership, both tell that;
  // if it is the end of one, content forgets the trial and asks from then on.
  const auto started =
      trials_.StartIn(tx, AccountId(verified.account_id()), verified.person_key(), clock_.Now());
  if (started.ok() && started->began) ++began_;
  return ReasonOf(started.status()) == "TRIAL_USED" ? absl::OkStatus() : started.status();
}

}  // namespace rostrum::subscription
