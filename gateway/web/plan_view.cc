#include "gateway/web/plan_view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gateway/web/page.h"

namespace rostrum::gateway {

namespace spb = rostrum::subscription::v1;

std::string PriceOf(const spb::Money& money) {
  return absl::StrFormat("%s %d.%02d", money.currency_code(), money.minor_units() / 100,
                         money.minor_units() % 100);
}

std::string PeriodOf(const Words& words, const spb::Plan& plan) {
  return words.Get(plan.period() == spb::BILLING_PERIOD_MONTH ? "PER_MONTH" : "PER_YEAR");
}

const spb::Plan* FindPlan(const spb::ListPlansResponse& plans, const std::string& plan_id) {
  for (const spb::Plan& plan : plans.plans()) {
    if (plan.plan_id() == plan_id) return &plan;
  }
  return nullptr;
}

std::string PlansPath(const std::string& back, const std::string& plan) {
  const std::string path = absl::StrCat("/join?return=", QueryValue(back));
  return plan.empty() ? path : absl::StrCat(path, "&plan=", QueryValue(plan));
}

}  // namespace rostrum::gateway
