#include "services/subscription/superfluous.h"

#include "services/common/base/log.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {

absl::StatusOr<int> CancelSuperfluous(MembershipStore& memberships, PaymentProvider& provider) {
  ASSIGN_OR_RETURN(const std::vector<std::string> subscriptions, memberships.ListSuperfluous());
  int count = 0;
  absl::Status failure;
  for (const std::string& subscription : subscriptions) {
    const auto cancelled = provider.Cancel(subscription);
    if (cancelled.ok() || ReasonOf(cancelled.status()) == "MEMBERSHIP_ENDED") {
      RETURN_IF_ERROR(memberships.ForgetSuperfluous(subscription));
      ++count;
    } else if (absl::IsNotFound(cancelled.status())) {
      // Forgotten, else such subscriptions would fill the list, in the place of ones that can be
      // cancelled.
      LogError("the provider does not know a subscription that is to be stopped",
               {{"provider", provider.name()}, {"subscription", subscription}});
      RETURN_IF_ERROR(memberships.ForgetSuperfluous(subscription));
    } else {
      failure = cancelled.status();
    }
  }
  RETURN_IF_ERROR(failure);
  return count;
}

}  // namespace rostrum::subscription
