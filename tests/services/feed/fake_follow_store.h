#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/common/base/status.h"
#include "services/feed/follow_store.h"

namespace rostrum::feed {

// A FollowStore in memory, held to the same contract as the real one.
class FakeFollowStore final : public FollowStore {
 public:
  absl::StatusOr<Follow> Create(const AccountId& account_id, const Target& target,
                                absl::Time now) override {
    absl::MutexLock lock(&mu_);
    auto& follows = follows_[account_id];
    const Key key(target.kind, target.id);
    if (!follows.contains(key) && follows.size() >= static_cast<size_t>(kMaxFollows)) {
      return Error(absl::StatusCode::kFailedPrecondition, "TOO_MANY_FOLLOWS", "too many");
    }
    const Target& known = targets_.emplace(key, target).first->second;
    return follows.emplace(key, Follow{known, now}).first->second;
  }

  absl::Status Delete(const AccountId& account_id, FollowKind kind,
                      const std::string& target_id) override {
    absl::MutexLock lock(&mu_);
    follows_[account_id].erase({kind, target_id});
    return absl::OkStatus();
  }

  absl::StatusOr<Follow> Get(const AccountId& account_id, FollowKind kind,
                             const std::string& target_id) override {
    absl::MutexLock lock(&mu_);
    const auto& follows = follows_[account_id];
    const auto found = follows.find({kind, target_id});
    if (found == follows.end()) {
      return Error(absl::StatusCode::kNotFound, "FOLLOW_NOT_FOUND", "not followed");
    }
    return found->second;
  }

  absl::StatusOr<std::vector<Follow>> List(const AccountId& account_id,
                                           std::optional<FollowKind> kind,
                                           const std::optional<FollowCursor>& after,
                                           int limit) override {
    absl::MutexLock lock(&mu_);
    std::vector<Follow> found;
    for (const auto& [key, follow] : follows_[account_id]) {
      if (!kind.has_value() || follow.target.kind == *kind) found.push_back(follow);
    }
    // Newest first, then by kind and id.
    const auto place = [](const Follow& f) {
      return std::make_tuple(-absl::ToUnixMicros(f.create_time), f.target.kind, f.target.id);
    };
    std::sort(found.begin(), found.end(),
              [&](const Follow& a, const Follow& b) { return place(a) < place(b); });
    if (after.has_value()) {
      const auto cursor =
          place(Follow{{after->kind, after->target_id, "", ""}, after->create_time});
      std::erase_if(found, [&](const Follow& f) { return !(cursor < place(f)); });
    }
    if (found.size() > static_cast<size_t>(limit)) found.resize(limit);
    return found;
  }

 private:
  using Key = std::pair<FollowKind, std::string>;
  absl::Mutex mu_;
  std::map<Key, Target> targets_ ABSL_GUARDED_BY(mu_);  // as they were first followed
  std::map<AccountId, std::map<Key, Follow>> follows_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::feed
