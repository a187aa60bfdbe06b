#pragma once

#include "gateway/web/dictionary.h"
#include "gateway/web/words.h"
#include "rostrum/subscription/v1/membership_service.pb.h"

namespace rostrum::gateway {

// The membership that a reader has, and what can be done about it: the section MEMBER of
// account.tpl.
void FillMembership(const Words& words, const subscription::v1::Membership& membership,
                    ctemplate::TemplateDictionary& values);

}  // namespace rostrum::gateway
