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

// Who wants to read.
struct Reader {
  AccountId account_id;  // empty for none
  std::set<std::string> roles;
  VisitorPass visitor;
  std::string network;
};

// Finds out whether a reader gets a post's text: public posts and those who
// made it need no question, members whose entitlement is known neither; for the
// rest subscription decides. Thread-safe.
class ReaderAccess {
 public:
  ReaderAccess(EntitlementStore& entitlements, SubscriptionClient& subscription, Clock& clock)
      : entitlements_(entitlements), subscription_(subscription), clock_(clock) {}

  enum class Mode { kRead, kPeek };  // kPeek counts nothing
  // UNAVAILABLE / ACCESS_UNKNOWN for a premium post while nobody can say.
  absl::StatusOr<subscription::v1::ReadingAccess> Decide(const PostFacts& post,
                                                         const Reader& reader, Mode mode);
  // The same for visitors who read, each of the posts for the reader at its place.
  // What is UNAVAILABLE is so for one read, not for all.
  std::vector<absl::StatusOr<subscription::v1::ReadingAccess>> DecideForVisitors(
      const std::vector<const PostFacts*>& posts, const std::vector<Reader>& visitors);
  // Whether an account may read every post: staff and members. False while nobody
  // can say. UNAVAILABLE.
  absl::StatusOr<bool> ReadsEverything(const AccountId& account_id,
                                       const std::set<std::string>& roles);

 private:
  EntitlementStore& entitlements_;
  SubscriptionClient& subscription_;
  Clock& clock_;
};

}  // namespace rostrum::content
