#pragma once

#include <functional>
#include <set>
#include <string>

#include "services/common/base/status.h"
#include "services/feed/content_client.h"
#include "services/feed/subscription_client.h"

namespace rostrum::feed {

inline constexpr char kChannel[] = "00000000-0000-7000-8000-000000000001";

// Content with one channel.
class FakeContentClient final : public ContentClient {
 public:
  absl::StatusOr<Target> FindTarget(FollowKind kind, const std::string& id) override {
    if (down) return Unavailable("content is away");
    if (id != kChannel) return Error(absl::StatusCode::kNotFound, "TARGET_NOT_FOUND", "none");
    return Target{kind, id, "The Channel", "the-channel"};
  }
  absl::Status ReadPublished(const std::function<absl::Status(const Page&)>&) override {
    return absl::OkStatus();
  }
  bool down = false;
};

// Subscription with its members.
class FakeSubscriptionClient final : public SubscriptionClient {
 public:
  absl::StatusOr<bool> IsMember(const AccountId& account_id) override {
    if (down) return Unavailable("subscription is away");
    return members.contains(account_id);
  }
  std::set<AccountId> members;
  bool down = false;
};

}  // namespace rostrum::feed
