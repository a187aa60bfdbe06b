#pragma once

#include <map>
#include <set>
#include <string>

#include "absl/synchronization/mutex.h"
#include "services/common/base/status.h"
#include "services/subscription/entitlement.h"
#include "services/subscription/meter.h"
#include "services/subscription/offer_book.h"
#include "services/subscription/trial_store.h"

namespace rostrum::subscription {

// The pass of a first visit, as the browser brings it from then on.
inline VisitorPass ComeBack(VisitorPass fresh) {
  fresh.fresh = false;
  return fresh;
}

// Fakes in memory, held to the same contracts as the real ones. `away` makes
// them fail as an outage does.

class FakeMeter final : public Meter {
 public:
  explicit FakeMeter(const MeterSettings& settings) : settings_(settings) {}
  bool away = false;

  absl::StatusOr<std::vector<MeterReading>> ReadAll(const std::vector<MeterRead>& reads) override {
    std::vector<MeterReading> readings;
    for (const MeterRead& read : reads) {
      auto reading = Run(read.pass, read.post_id.value(), true, read.network);
      if (!reading.ok()) return reading.status();
      readings.push_back(*reading);
    }
    return readings;
  }
  absl::StatusOr<MeterReading> Peek(const VisitorPass& pass, const PostId& post_id) override {
    return Run(pass, post_id.value(), false, "");
  }
  absl::StatusOr<MeterReading> Look(const VisitorPass& pass) override {
    return Run(pass, "", false, "");
  }

 private:
  absl::StatusOr<MeterReading> Run(const VisitorPass& pass, const std::string& post_id, bool count,
                                   const std::string& network) {
    absl::MutexLock lock(&mu_);
    if (away) return Unavailable("away");
    std::set<std::string>& reads = reads_[pass.id];
    bool granted = reads.contains(post_id);
    if (!granted && count && reads.size() < static_cast<size_t>(settings_.limit)) {
      if (reads.empty() && !network.empty() && !Admit(pass, network)) {
        return MeterReading{.network_limit = true};
      }
      reads.insert(post_id);
      granted = true;
    }
    return MeterReading{.granted = granted,
                        .used = static_cast<int>(reads.size()),
                        .period_left = reads.empty() ? absl::ZeroDuration() : settings_.period};
  }

  bool Admit(const VisitorPass& pass, const std::string& network) {
    std::set<std::string>& visitors = networks_[network];
    visitors.insert(pass.id);
    return visitors.size() <= static_cast<size_t>(settings_.fresh_passes_per_network);
  }

  const MeterSettings settings_;
  absl::Mutex mu_;
  std::map<std::string, std::set<std::string>> reads_;
  std::map<std::string, std::set<std::string>> networks_;
};

class FakeOfferBook final : public OfferBook {
 public:
  explicit FakeOfferBook(const OfferSettings& settings) : settings_(settings) {}
  bool away = false;

  absl::StatusOr<std::optional<Offer>> Find(const VisitorPass& pass, absl::Time now) override {
    absl::MutexLock lock(&mu_);
    if (away) return Unavailable("away");
    const auto found = offers_.find(pass.id);
    if (found == offers_.end() || now >= found->second.next_time) return std::nullopt;
    return found->second;
  }
  absl::StatusOr<std::vector<std::optional<Offer>>> FindOrStartAll(
      const std::vector<OfferWanted>& wanted, absl::Time now) override {
    absl::MutexLock lock(&mu_);
    if (away) return Unavailable("away");
    std::vector<std::optional<Offer>> offers;
    for (const auto& [pass, network] : wanted) {
      auto found = offers_.find(pass.id);
      if (found == offers_.end() || now >= found->second.next_time) {
        if (!Admit(pass, network)) {
          offers.push_back(std::nullopt);
          continue;
        }
        const absl::Time expire_time = now + settings_.duration;
        const Offer offer{expire_time, expire_time + settings_.pause};
        found = offers_.insert_or_assign(pass.id, offer).first;
      }
      offers.push_back(found->second);
    }
    return offers;
  }

 private:
  bool Admit(const VisitorPass& pass, const std::string& network) {
    if (network.empty()) return true;
    std::set<std::string>& visitors = networks_[network];
    visitors.insert(pass.id);
    return visitors.size() <= static_cast<size_t>(settings_.new_per_network);
  }

  const OfferSettings settings_;
  absl::Mutex mu_;
  std::map<std::string, Offer> offers_;
  std::map<std::string, std::set<std::string>> networks_;
};

class FakeTrialStore final : public TrialStore {
 public:
  explicit FakeTrialStore(absl::Duration duration) : duration_(duration) {}
  bool away = false;

  absl::StatusOr<StartedTrial> Start(const AccountId& account_id, const std::string& person_key,
                                     absl::Time now) override {
    absl::MutexLock lock(&mu_);
    if (away) return Unavailable("away");
    if (const auto found = trials_.find(account_id); found != trials_.end()) {
      return StartedTrial{found->second, false};
    }
    if (!persons_.insert(person_key).second) {
      return Error(absl::StatusCode::kFailedPrecondition, "TRIAL_USED", "had it");
    }
    return StartedTrial{trials_[account_id] = {account_id, now, now + duration_}, true};
  }
  absl::StatusOr<Trial> Get(const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    if (away) return Unavailable("away");
    const auto found = trials_.find(account_id);
    if (found == trials_.end()) {
      return Error(absl::StatusCode::kNotFound, "NO_TRIAL", "there was no trial");
    }
    return found->second;
  }
  absl::StatusOr<int> TellEnding(absl::Time now, absl::Duration before) override {
    absl::MutexLock lock(&mu_);
    int told = 0;
    for (const auto& [account_id, trial] : trials_) {
      if (trial.end_time <= now || trial.end_time > now + before ||
          trial.start_time >= trial.end_time - before) {
        continue;
      }
      const auto [last, fresh] = ending_told_.emplace(account_id, before);
      if (!fresh && last->second <= before) continue;
      last->second = before;
      ++told;
    }
    return told;
  }
  absl::StatusOr<int> TellEnded(absl::Time now) override {
    absl::MutexLock lock(&mu_);
    int count = 0;
    for (const auto& [id, trial] : trials_) {
      if (!trial.IsActive(now) && told_.insert(id).second) ++count;
    }
    return count;
  }

 private:
  std::map<AccountId, absl::Duration> ending_told_ ABSL_GUARDED_BY(mu_);
  const absl::Duration duration_;
  absl::Mutex mu_;
  std::map<AccountId, Trial> trials_;
  std::set<std::string> persons_;
  std::set<AccountId> told_;
};

class FakeEntitlementStore final : public EntitlementStore {
 public:
  bool away = false;
  std::map<AccountId, Standing> standings;

  absl::StatusOr<Standing> Get(const AccountId& account_id, absl::Time now) override {
    if (away) return Unavailable("away");
    const auto found = standings.find(account_id);
    if (found == standings.end()) return Standing();
    Standing standing = found->second;
    if (standing.entitlement.has_value() && standing.entitlement->end_time <= now) {
      standing.entitlement.reset();
    }
    return standing;
  }
};

}  // namespace rostrum::subscription
