#include "gateway/web/account_view.h"

#include "gateway/web/page.h"
#include "gateway/web/plan_view.h"

namespace rostrum::gateway {
namespace {

namespace spb = rostrum::subscription::v1;

// The name of a plan, or its id if it is not on sale any more.
std::string NameOf(const spb::ListPlansResponse& plans, const std::string& plan_id) {
  const spb::Plan* plan = FindPlan(plans, plan_id);
  return plan == nullptr ? plan_id : plan->display_name();
}

}  // namespace

void FillMembership(const Words& words, const spb::Membership& membership,
                    const spb::ListPlansResponse& plans, const spb::Payment* paid,
                    ctemplate::TemplateDictionary& values) {
  ctemplate::TemplateDictionary& member = *values.AddSectionDictionary("MEMBER");
  member.SetValue("PLAN",
                  words.Format("MEMBER_PLAN", {{"plan", NameOf(plans, membership.plan_id())}}));
  switch (membership.state()) {
    case spb::MEMBERSHIP_STATE_GRACE:
      member.SetValue("STATE", words.Get("MEMBER_GRACE"));
      SetTime(member, "END", membership.grace_end_time());
      // It will not be renewed, so there is nothing to cancel.
      member.ShowSection("REJOIN");
      return;
    case spb::MEMBERSHIP_STATE_CANCELLED:
      member.SetValue("STATE", words.Get("MEMBER_CANCELLED"));
      member.ShowSection("RESUME");
      break;
    default:
      member.SetValue(
          "STATE", paid == nullptr || paid->plan_id() != membership.plan_id()
                       ? words.Get("MEMBER_RENEWS")
                       : words.Format("MEMBER_RENEWS_FOR", {{"price", PriceOf(paid->amount())}}));
      member.ShowSection("ACTIVE");
      member.ShowSection("CANCEL");
  }
  SetTime(member, "END", membership.period_end_time());
}

void FillReceipt(const spb::Payment& payment, const spb::ListPlansResponse& plans,
                 ctemplate::TemplateDictionary& receipt) {
  receipt.SetValue("PRICE", PriceOf(payment.amount()));
  receipt.SetValue("PLAN", NameOf(plans, payment.plan_id()));
  SetTime(receipt, "TIME", payment.create_time());
  SetTime(receipt, "START", payment.period_start_time());
  SetTime(receipt, "END", payment.period_end_time());
}

}  // namespace rostrum::gateway
