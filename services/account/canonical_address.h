#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace rostrum::account {

// Two forms of a mail address, kept apart on purpose.
//
// The login identity is the address as it was typed, compared without regard to
// the case of ASCII letters. Nothing else is folded: ada+news@example.org is an
// account of its own.
std::string LowerAddress(absl::string_view address);

// The canonical form says which mailbox an address reaches, so that a person
// has one trial and not one for every alias. Only its keyed hash is ever kept.
//   1. ASCII letters are lower-cased, local part and domain.
//   2. The local part ends before its first '+' (sub-addressing), for every
//      domain, unless nothing would be left of it.
//   3. googlemail.com is gmail.com, and there dots in the local part go. For
//      no other domain: elsewhere dots tell mailboxes apart.
// Internationalised domains reach this service in their ASCII form (xn--...),
// because IsMailAddress takes no other; nothing is converted here.
std::string CanonicalAddress(absl::string_view address);

}  // namespace rostrum::account
