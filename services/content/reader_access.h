#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/request_context.h"
#include "services/content/entitlement_store.h"
#include "services/content/post_store.h"
#include "services/content/subscription_client.h"

namespace rostrum::content {

// A person who asks for a post.
struct Reader {
  AccountId account_id;  // empty for none
  std::set<std::string> roles;
  VisitorPass visitor;
  std::string network;
};

// Decides whether a reader gets the text of a post. Public posts, authors and editors, and
// members whose entitlement is known need no call; for everybody else subscription decides.
// Thread-safe.
class ReaderAccess {
 public:
  ReaderAccess(EntitlementStore& entitlements, SubscriptionClient& subscription, Clock& clock)
      : entitlements_(entitlements), subscription_(subscription), clock_(clock) {}

  enum class Mode { kRead, kPeek };  // kPeek counts nothing
  // UNAVAILABLE / ACCESS_UNKNOWN for a premium post while subscription is unavailable.
  absl::StatusOr<subscription::v1::ReadingAccess> Decide(const PostFacts& post,
                                                         const Reader& reader, Mode mode);
  // Decide with kRead for several visitors: for each i whether `visitors[i]` gets
  // `posts[i]`. UNAVAILABLE concerns single reads, not the whole.
  std::vector<absl::StatusOr<subscription::v1::ReadingAccess>> DecideForVisitors(
      const std::vector<const PostFacts*>& posts, const std::vector<Reader>& visitors);
  // Whether an account may read every post: editors, admins and members. False while
  // subscription is unavailable. UNAVAILABLE if the database is.
  absl::StatusOr<bool> ReadsEverything(const AccountId& account_id,
                                       const std::set<std::string>& roles);

 private:
  EntitlementStore& entitlements_;
  SubscriptionClient& subscription_;
  Clock& clock_;
};

}  // namespace rostrum::content
