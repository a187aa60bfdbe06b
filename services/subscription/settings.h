#pragma once

#include <string>
#include <vector>

#include "services/common/base/settings.h"
#include "services/common/redis/redis.h"
#include "services/subscription/membership.h"
#include "services/subscription/meter.h"
#include "services/subscription/offer_book.h"
#include "services/subscription/plan.h"
#include "services/subscription/test_payment_provider.h"

namespace rostrum::subscription {

struct SubscriptionSettings {
  RedisOptions redis;
  std::string account_target;
  MeterSettings meter;
  OfferSettings offer;
  absl::Duration trial_duration = absl::Hours(24 * 14);
  absl::Duration first_reminder = absl::Hours(24 * 3);  // before its end
  absl::Duration last_reminder = absl::Hours(24);
  MembershipSettings membership;
  std::vector<Plan> plans;
  TestProviderSettings test_provider;
  std::string webhook_url;
};

SubscriptionSettings ReadSubscriptionSettings(Settings& env);

}  // namespace rostrum::subscription
