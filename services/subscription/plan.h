#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace rostrum::subscription {

// An amount in the minor unit of its currency (ISO 4217), such as cents.
struct Money {
  std::string currency_code;
  int64_t minor_units = 0;
};

enum class BillingPeriod { kMonth = 1, kYear = 2 };

// A plan under which one becomes a member.
struct Plan {
  std::string id;
  std::string display_name;
  Money price;
  BillingPeriod period = BillingPeriod::kMonth;
};

// Parses "monthly:Monthly:EUR:500:month;yearly:Yearly:EUR:5000:year" and sorts
// by price. INVALID_ARGUMENT that says what is wrong.
absl::StatusOr<std::vector<Plan>> ParsePlans(const std::string& text);

// nullptr if there is no such plan.
const Plan* FindPlan(const std::vector<Plan>& plans, const std::string& id);

// The time some calendar months later, in UTC: January 31st plus one month is the last day
// of February.
absl::Time AddMonths(absl::Time time, int months);

}  // namespace rostrum::subscription
