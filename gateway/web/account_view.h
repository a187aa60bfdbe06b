#pragma once

#include "gateway/web/dictionary.h"
#include "gateway/web/words.h"
#include "rostrum/subscription/v1/membership_service.pb.h"

namespace rostrum::gateway {

// The membership that a reader has, and what can be done about it: the section MEMBER of
// account.tpl. `paid` is the newest payment, whose amount is that of the next one; nullptr if it
// is not known.
void FillMembership(const Words& words, const subscription::v1::Membership& membership,
                    const subscription::v1::ListPlansResponse& plans,
                    const subscription::v1::Payment* paid, ctemplate::TemplateDictionary& values);

// One payment: the section RECEIPT.
void FillReceipt(const subscription::v1::Payment& payment,
                 const subscription::v1::ListPlansResponse& plans,
                 ctemplate::TemplateDictionary& receipt);

}  // namespace rostrum::gateway
