#pragma once

#include <string>

#include "gateway/web/words.h"
#include "rostrum/subscription/v1/membership_service.pb.h"

namespace rostrum::gateway {

// "EUR 70.00".
std::string PriceOf(const subscription::v1::Money& money);

// "a year".
std::string PeriodOf(const Words& words, const subscription::v1::Plan& plan);

// nullptr if the plan is not on sale any more.
const subscription::v1::Plan* FindPlan(const subscription::v1::ListPlansResponse& plans,
                                       const std::string& plan_id);

// The page of the plans, from which paying leads back to `back`. `plan` is the one that was
// chosen already, or empty.
std::string PlansPath(const std::string& back, const std::string& plan = "");

}  // namespace rostrum::gateway
