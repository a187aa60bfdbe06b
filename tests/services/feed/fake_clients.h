#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "services/common/base/status.h"
#include "services/feed/content_client.h"
#include "services/feed/subscription_client.h"

namespace rostrum::feed {

inline constexpr char kChannel[] = "00000000-0000-7000-8000-000000000001";

// Content with one channel, and the posts that are published.
class FakeContentClient final : public ContentClient {
 public:
  absl::StatusOr<Target> FindTarget(FollowKind kind, const std::string& id) override {
    if (down) return Unavailable("content is away");
    if (id != kChannel) return Error(absl::StatusCode::kNotFound, "TARGET_NOT_FOUND", "none");
    return Target{kind, id, "The Channel", "the-channel"};
  }
  // In pages of one post.
  absl::Status ReadPublished(const std::function<absl::Status(const Page&)>& page) override {
    if (down) return Unavailable("content is away");
    for (const content::v1::PostSummary& post : published) {
      Page one;
      *one.Add() = post;
      RETURN_IF_ERROR(page(one));
    }
    return absl::OkStatus();
  }
  std::vector<content::v1::PostSummary> published;
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
