#pragma once

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/common/base/status.h"
#include "services/feed/room_store.h"

namespace rostrum::feed {

// A RoomStore in memory, held to the same contract as the real one.
class FakeRoomStore final : public RoomStore {
 public:
  absl::StatusOr<RoomMember> Join(const ChannelId& channel_id, const RoomMember& member) override {
    absl::MutexLock lock(&mu_);
    const auto [place, fresh] = members_.emplace(Key(channel_id, member.account_id), member);
    if (fresh && RoomsOf(member.account_id) > kMaxRooms) {
      members_.erase(place);
      return Error(absl::StatusCode::kFailedPrecondition, "TOO_MANY_ROOMS", "too many");
    }
    place->second.listed = member.listed;
    return place->second;
  }

  absl::Status Leave(const ChannelId& channel_id, const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    members_.erase({channel_id, account_id});
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<RoomMember>> Find(const ChannelId& channel_id,
                                                 const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    const auto found = members_.find({channel_id, account_id});
    if (found == members_.end()) return std::nullopt;
    return found->second;
  }

  absl::StatusOr<int> Count(const ChannelId& channel_id) override {
    absl::MutexLock lock(&mu_);
    return static_cast<int>(std::count_if(members_.begin(), members_.end(), [&](const auto& each) {
      return each.first.first == channel_id;
    }));
  }

  absl::StatusOr<std::vector<RoomMember>> ListListed(const ChannelId& channel_id,
                                                     const std::optional<RoomCursor>& after,
                                                     int limit) override {
    absl::MutexLock lock(&mu_);
    std::vector<RoomMember> found;
    for (const auto& [key, member] : members_) {
      if (key.first == channel_id && member.listed &&
          (!after || std::tie(after->join_time, after->account_id) <
                         std::tie(member.join_time, member.account_id))) {
        found.push_back(member);
      }
    }
    std::sort(found.begin(), found.end(), [](const RoomMember& a, const RoomMember& b) {
      return std::tie(a.join_time, a.account_id) < std::tie(b.join_time, b.account_id);
    });
    if (found.size() > static_cast<size_t>(limit)) found.resize(limit);
    return found;
  }

 private:
  using Key = std::pair<ChannelId, AccountId>;
  int RoomsOf(const AccountId& account_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return static_cast<int>(std::count_if(members_.begin(), members_.end(), [&](const auto& each) {
      return each.first.second == account_id;
    }));
  }

  absl::Mutex mu_;
  std::map<Key, RoomMember> members_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::feed
