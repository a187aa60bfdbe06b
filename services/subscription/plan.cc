#include "services/subscription/plan.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

constexpr int64_t kMaxMinorUnits = 100'000'000;

bool IsPlanId(const std::string& id) {
  return !id.empty() && id.size() <= 40 && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

bool IsCurrencyCode(const std::string& code) {
  return code.size() == 3 &&
         std::all_of(code.begin(), code.end(), [](char c) { return absl::ascii_isupper(c); });
}

absl::StatusOr<Plan> ParsePlan(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  Plan plan;
  if (parts.size() != 5 || !IsPlanId(parts[0]) || parts[1].empty() || !IsCurrencyCode(parts[2]) ||
      !absl::SimpleAtoi(parts[3], &plan.price.minor_units) || plan.price.minor_units <= 0 ||
      plan.price.minor_units > kMaxMinorUnits || (parts[4] != "month" && parts[4] != "year")) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not id:Name:EUR:cents:month or :year"));
  }
  plan.id = parts[0];
  plan.display_name = parts[1];
  plan.price.currency_code = parts[2];
  plan.period = parts[4] == "month" ? BillingPeriod::kMonth : BillingPeriod::kYear;
  return plan;
}

}  // namespace

absl::StatusOr<std::vector<Plan>> ParsePlans(const std::string& text) {
  std::vector<Plan> plans;
  const std::vector<std::string> parts = absl::StrSplit(text, ';', absl::SkipWhitespace());
  for (const std::string& part : parts) {
    ASSIGN_OR_RETURN(Plan plan, ParsePlan(std::string(absl::StripAsciiWhitespace(part))));
    if (FindPlan(plans, plan.id) != nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("\"", plan.id, "\" is there twice"));
    }
    plans.push_back(std::move(plan));
  }
  if (plans.empty()) return absl::InvalidArgumentError("there is no plan");
  std::stable_sort(plans.begin(), plans.end(), [](const Plan& a, const Plan& b) {
    return a.price.minor_units < b.price.minor_units;
  });
  return plans;
}

const Plan* FindPlan(const std::vector<Plan>& plans, const std::string& id) {
  const auto found =
      std::find_if(plans.begin(), plans.end(), [&](const Plan& plan) { return plan.id == id; });
  return found == plans.end() ? nullptr : &*found;
}

absl::Time AddMonths(absl::Time time, int months) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilSecond from = absl::ToCivilSecond(time, utc);
  const absl::CivilMonth month = absl::CivilMonth(from) + months;
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  const absl::CivilSecond to(month.year(), month.month(), std::min(from.day(), last.day()),
                             from.hour(), from.minute(), from.second());
  return absl::FromCivil(to, utc) + (time - absl::FromCivil(from, utc));
}

}  // namespace rostrum::subscription
