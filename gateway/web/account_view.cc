#include "gateway/web/account_view.h"

#include "gateway/web/page.h"

namespace rostrum::gateway {

namespace spb = rostrum::subscription::v1;

void FillMembership(const Words& words, const spb::Membership& membership,
                    ctemplate::TemplateDictionary& values) {
  ctemplate::TemplateDictionary& member = *values.AddSectionDictionary("MEMBER");
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
    default: member.SetValue("STATE", words.Get("MEMBER_ACTIVE")); member.ShowSection("CANCEL");
  }
  SetTime(member, "END", membership.period_end_time());
}

}  // namespace rostrum::gateway
