#pragma once

#include <map>
#include <string>

#include "absl/synchronization/mutex.h"
#include "services/account/subscription_client.h"
#include "services/common/base/status.h"

namespace rostrum::account {

// Subscription as this service sees it: a trial a person, offers as told.
class FakeSubscriptionClient final : public SubscriptionClient {
 public:
  absl::Status AcceptOffer(const VisitorPass& visitor) override {
    absl::MutexLock lock(&mu_);
    ++accepted_;
    if (visitor.empty()) {
      return Error(absl::StatusCode::kFailedPrecondition, "OFFER_NOT_STARTED", "no offer");
    }
    return offer_;
  }
  absl::StatusOr<subscription::v1::Trial> StartTrial(const AccountId& account_id,
                                                     const std::string& person_key) override {
    absl::MutexLock lock(&mu_);
    if (!trial_.ok()) return trial_;
    const auto [entry, fresh] = trials_.emplace(person_key, account_id);
    if (!fresh && entry->second != account_id) {
      return Error(absl::StatusCode::kFailedPrecondition, "TRIAL_USED", "one trial a person");
    }
    subscription::v1::Trial trial;
    trial.set_account_id(account_id.value());
    trial.set_active(true);
    return trial;
  }

  void AnswerOffer(absl::Status status) {
    absl::MutexLock lock(&mu_);
    offer_ = std::move(status);
  }
  void AnswerTrial(absl::Status status) {
    absl::MutexLock lock(&mu_);
    trial_ = std::move(status);
  }
  int accepted() const {
    absl::MutexLock lock(&mu_);
    return accepted_;
  }
  size_t trials() const {
    absl::MutexLock lock(&mu_);
    return trials_.size();
  }

 private:
  mutable absl::Mutex mu_;
  absl::Status offer_;
  absl::Status trial_;
  int accepted_ = 0;
  std::map<std::string, AccountId> trials_;
};

}  // namespace rostrum::account
