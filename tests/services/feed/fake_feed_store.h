#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"
#include "services/feed/feed_store.h"
#include "services/feed/post_projection.h"

namespace rostrum::feed {

// A FeedStore in memory, held to the same contract as the real one.
class FakeFeedStore final : public FeedStore {
 public:
  bool down = false;
  bool read_only = false;  // as a database is that takes over

  void Publish(const content::v1::PostSummary& post) {
    absl::MutexLock lock(&mu_);
    posts_[{FromProtoTime(post.publish_time()), PostId(post.post_id())}] = post;
  }
  // The first follow begins a feed: what was published until then is not new.
  void Follow(const AccountId& account_id, const Target& target, absl::Time now) {
    absl::MutexLock lock(&mu_);
    marks_.emplace(account_id, Place(now, PostId("ffffffff-ffff-ffff-ffff-ffffffffffff")));
    follows_[account_id].emplace(target.kind, target.id);
  }

  absl::StatusOr<std::vector<FeedItem>> List(const AccountId& account_id,
                                             const std::optional<FeedPlace>& after,
                                             int limit) override {
    absl::MutexLock lock(&mu_);
    RETURN_IF_ERROR(Reach());
    return ItemsOf(account_id, after, static_cast<size_t>(limit));
  }

  absl::StatusOr<bool> FollowsNothing(const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    RETURN_IF_ERROR(Reach());
    return follows_[account_id].empty();
  }

  absl::Status MarkSeen(const AccountId& account_id, const FeedPlace& place) override {
    absl::MutexLock lock(&mu_);
    RETURN_IF_ERROR(Reach());
    if (read_only) return Unavailable("the database cannot be written");
    const auto mark = marks_.emplace(account_id, PlaceOf(place)).first;
    mark->second = std::max(mark->second, PlaceOf(place));
    return absl::OkStatus();
  }

  absl::StatusOr<FeedState> State(const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    RETURN_IF_ERROR(Reach());
    const std::vector<FeedItem> items = ItemsOf(account_id, std::nullopt, posts_.size());
    FeedState state;
    for (const FeedItem& item : items) {
      state.unread_count = std::min(state.unread_count + item.unread, kMaxUnread);
    }
    if (!items.empty()) state.newest_time = items.front().place.publish_time;
    return state;
  }

 private:
  using Place = std::pair<absl::Time, PostId>;
  static Place PlaceOf(const FeedPlace& place) { return {place.publish_time, place.post_id}; }

  absl::Status Reach() const {
    return down ? Unavailable("the database cannot be reached") : absl::OkStatus();
  }
  std::vector<FeedItem> ItemsOf(const AccountId& account_id, const std::optional<FeedPlace>& after,
                                size_t limit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto& follows = follows_[account_id];
    const auto mark = marks_.find(account_id);
    std::vector<FeedItem> items;
    for (const auto& [place, post] : posts_) {
      if (items.size() == limit) break;
      if (after.has_value() && place >= PlaceOf(*after)) continue;
      FeedItem item{.place = {place.first, place.second},
                    .post = post,
                    .unread = mark == marks_.end() || place > mark->second};
      for (Target& target : TargetsOf(post)) {
        if (follows.contains({target.kind, target.id})) item.reasons.push_back(std::move(target));
      }
      if (!item.reasons.empty()) items.push_back(std::move(item));
    }
    return items;
  }

  absl::Mutex mu_;
  std::map<Place, content::v1::PostSummary, std::greater<>> posts_ ABSL_GUARDED_BY(mu_);
  std::map<AccountId, std::set<std::pair<FollowKind, std::string>>> follows_ ABSL_GUARDED_BY(mu_);
  std::map<AccountId, Place> marks_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::feed
