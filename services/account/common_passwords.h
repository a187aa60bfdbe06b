#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rostrum::account {

// True if `password` is among those that attackers guess first, without regard to case:
//   - a word of our list of some 400, alone, twice, or with up to six digits
//     and marks before or behind it ("Password2024!"), with the usual digits
//     for letters undone ("p4ssw0rd!!");
//   - one character or one pair over and over, or a walk along the alphabet,
//     the digits or a row of the keyboard, either way ("abcdefgh", "87654321");
//   - the same for a word of `personal`, and for the parts of a mail address
//     there (words under four letters are passed over).
// Debian has no list of passwords to depend on (cracklib's holds dictionary
// words), and none is copied into the tree, so the list is our own and each
// entry stands for its thousands of variations.
bool IsCommonPassword(absl::string_view password, const std::vector<std::string>& personal);

}  // namespace rostrum::account
