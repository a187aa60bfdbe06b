#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/common/base/status.h"
#include "services/subscription/membership_store.h"

namespace rostrum::subscription {

// A MembershipStore in memory, held to the same contract as the real one.
class FakeMembershipStore final : public MembershipStore {
 public:
  explicit FakeMembershipStore(const MembershipSettings& settings) : settings_(settings) {}

  absl::StatusOr<Checkout> AddCheckout(const Checkout& checkout,
                                       const IdempotencyKey& key) override {
    absl::MutexLock lock(&mu_);
    const auto request = std::make_pair(key.caller, key.request_id);
    if (const auto known = requests_.find(request);
        !key.request_id.empty() && known != requests_.end()) {
      if (known->second.first != key.request_hash) {
        return InvalidField("request_id", "REQUEST_ID_REUSED", "was used for another request");
      }
      return checkouts_.at(known->second.second);
    }
    const auto member = memberships_.find(checkout.account_id);
    if (member != memberships_.end() && member->second.IsEntitled(checkout.create_time) &&
        member->second.state != MembershipState::kGrace) {
      return Error(absl::StatusCode::kFailedPrecondition, "ALREADY_MEMBER", "is a member");
    }
    requests_[request] = {key.request_hash, checkout.id};
    return checkouts_[checkout.id] = checkout;
  }
  absl::StatusOr<Checkout> SetOpened(const CheckoutId& id, const OpenedCheckout& opened) override {
    absl::MutexLock lock(&mu_);
    Checkout& checkout = checkouts_.at(id);
    if (checkout.provider_reference.empty()) {
      checkout.provider_reference = opened.reference;
      checkout.checkout_url = opened.url;
    }
    return checkout;
  }
  absl::StatusOr<Checkout> GetCheckout(const CheckoutId& id, const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    const auto found = checkouts_.find(id);
    if (found == checkouts_.end() || found->second.account_id != account_id) {
      return Error(absl::StatusCode::kNotFound, "CHECKOUT_NOT_FOUND", "there is no such checkout");
    }
    return found->second;
  }
  absl::StatusOr<Membership> Get(const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    const auto found = memberships_.find(account_id);
    if (found == memberships_.end()) {
      return Error(absl::StatusCode::kNotFound, "NO_MEMBERSHIP", "there is no membership");
    }
    return found->second;
  }
  absl::Status Apply(const PaymentEvent& event, absl::Time) override {
    absl::MutexLock lock(&mu_);
    const auto found = std::find_if(checkouts_.begin(), checkouts_.end(), [&](const auto& entry) {
      return entry.second.provider_reference == event.reference;
    });
    if (found == checkouts_.end()) {
      if (!event.subscription.empty() && IsRenewed(event.kind)) {
        superfluous_.insert(event.subscription);
      }
      return absl::OkStatus();
    }
    if (!events_.insert(event.id).second) return absl::OkStatus();
    Checkout& checkout = found->second;
    const bool declined = event.kind == PaymentEvent::Kind::kCheckoutDeclined;
    if (checkout.state != CheckoutState::kCompleted) {
      checkout.state = declined ? CheckoutState::kDeclined : CheckoutState::kCompleted;
    }
    if (declined) return absl::OkStatus();
    if (IsPayment(event.kind)) {
      payments_[checkout.account_id].push_back({.id = NewUuid(event.time),
                                                .plan_id = checkout.plan_id,
                                                .amount = event.amount,
                                                .create_time = event.time,
                                                .period_start_time = event.period_start_time,
                                                .period_end_time = event.period_end_time});
    }
    std::optional<Membership> current;
    if (const auto member = memberships_.find(checkout.account_id); member != memberships_.end()) {
      current = member->second;
    }
    Applied applied = rostrum::subscription::Apply(current, checkout, event, settings_);
    if (applied.membership.has_value()) {
      superfluous_.erase(applied.membership->provider_subscription);
      memberships_[checkout.account_id] = *applied.membership;
    }
    if (!applied.superfluous_subscription.empty()) {
      superfluous_.insert(applied.superfluous_subscription);
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::string>> ListSuperfluous() override {
    absl::MutexLock lock(&mu_);
    return std::vector<std::string>(superfluous_.begin(), superfluous_.end());
  }
  absl::Status ForgetSuperfluous(const std::string& subscription) override {
    absl::MutexLock lock(&mu_);
    superfluous_.erase(subscription);
    return absl::OkStatus();
  }
  absl::StatusOr<int> LapseDue(absl::Time now) override {
    absl::MutexLock lock(&mu_);
    int count = 0;
    for (auto& [id, membership] : memberships_) {
      if (!membership.entitled_until.has_value() || now < *membership.entitled_until) continue;
      Lapse(membership);
      ++count;
    }
    return count;
  }
  absl::StatusOr<std::vector<Payment>> ListPayments(const AccountId& account_id,
                                                    const std::optional<PaymentCursor>& after,
                                                    int limit) override {
    absl::MutexLock lock(&mu_);
    std::vector<Payment> payments = payments_[account_id];
    const auto place = [](const auto& p) { return std::tie(p.create_time, p.id); };
    std::sort(payments.begin(), payments.end(),
              [&](const Payment& a, const Payment& b) { return place(b) < place(a); });
    if (after.has_value()) {
      std::erase_if(payments, [&](const Payment& p) { return !(place(p) < place(*after)); });
    }
    if (payments.size() > static_cast<size_t>(limit)) payments.resize(limit);
    return payments;
  }

 private:
  const MembershipSettings settings_;
  absl::Mutex mu_;
  std::map<CheckoutId, Checkout> checkouts_;
  std::map<AccountId, Membership> memberships_;
  std::map<AccountId, std::vector<Payment>> payments_;
  std::set<std::string> events_;
  std::map<std::pair<std::string, std::string>, std::pair<std::string, CheckoutId>> requests_;
  std::set<std::string> superfluous_;
};

}  // namespace rostrum::subscription
