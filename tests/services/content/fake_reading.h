#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "services/common/base/status.h"
#include "services/common/rpc/request_context.h"
#include "services/content/entitlement_store.h"
#include "services/content/subscription_client.h"

namespace rostrum::content {

// What is known of members, in memory.
class FakeEntitlementStore final : public EntitlementStore {
 public:
  absl::StatusOr<std::optional<KnownEntitlement>> Find(const AccountId& account_id,
                                                       absl::Time now) override {
    absl::MutexLock lock(&mu_);
    const auto found = known_.find(account_id);
    if (found == known_.end() || found->second.end_time <= now) return std::nullopt;
    return found->second;
  }
  void Set(const AccountId& account_id, const KnownEntitlement& known) {
    absl::MutexLock lock(&mu_);
    known_[account_id] = known;
  }

 private:
  absl::Mutex mu_;
  std::map<AccountId, KnownEntitlement> known_ ABSL_GUARDED_BY(mu_);
};

// Answers as it is told to and keeps what it was asked.
class FakeSubscriptionClient final : public SubscriptionClient {
 public:
  absl::StatusOr<subscription::v1::ReadingAccess> CheckAccess(
      const subscription::v1::CheckAccessRequest& request) override {
    if (too_late) absl::SleepFor(RequestContext::Current().TimeLeft());
    absl::MutexLock lock(&mu_);
    asked_.push_back(request);
    return answer_;
  }
  absl::StatusOr<std::vector<subscription::v1::ReadingAccess>> CheckVisitors(
      const subscription::v1::BatchCheckVisitorAccessRequest& request) override {
    std::vector<subscription::v1::ReadingAccess> answers;
    for (const auto& read : request.reads()) {
      auto answer = CheckAccess(read);
      if (!answer.ok()) return answer.status();
      answers.push_back(*std::move(answer));
    }
    return answers;
  }
  absl::StatusOr<subscription::v1::Entitlement> GetEntitlement(
      const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    if (!answer_.ok()) return answer_.status();
    subscription::v1::Entitlement entitlement;
    entitlement.set_entitled(members_.contains(account_id));
    return entitlement;
  }
  void AddMember(const AccountId& account_id) {
    absl::MutexLock lock(&mu_);
    members_.insert(account_id);
  }
  void Answer(absl::StatusOr<subscription::v1::ReadingAccess> answer) {
    absl::MutexLock lock(&mu_);
    answer_ = std::move(answer);
  }
  // Grants or refuses for a reason, with a meter if `used` says how far it is.
  void Answer(bool granted, subscription::v1::AccessReason reason,
              std::optional<int> used = std::nullopt) {
    subscription::v1::ReadingAccess access;
    access.set_granted(granted);
    access.set_reason(reason);
    if (used.has_value()) access.mutable_meter()->set_used(*used);
    Answer(access);
  }
  // Answers when the request being served is over.
  std::atomic<bool> too_late = false;
  std::vector<subscription::v1::CheckAccessRequest> asked() {
    absl::MutexLock lock(&mu_);
    return asked_;
  }

 private:
  absl::Mutex mu_;
  absl::StatusOr<subscription::v1::ReadingAccess> answer_ ABSL_GUARDED_BY(mu_) =
      subscription::v1::ReadingAccess();
  std::set<AccountId> members_ ABSL_GUARDED_BY(mu_);
  std::vector<subscription::v1::CheckAccessRequest> asked_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::content
