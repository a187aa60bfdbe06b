#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/common/base/status.h"

namespace rostrum::account {

// The rules for fields of requests, shared by all handlers. Each function adds a violation
// on `field` to `checks`.

// A mail address: INVALID_EMAIL.
void CheckEmail(FieldChecks& checks, const std::string& email, absl::string_view field);

// A password as it was typed at a login: REQUIRED, TOO_LONG.
void CheckTypedPassword(FieldChecks& checks, const std::string& password, absl::string_view field);

// A new password: TOO_SHORT, TOO_LONG, COMMON_PASSWORD. There are no rules on which
// characters it has. `personal` are words that an attacker would try first: the name and
// the address of the person.
void CheckNewPassword(FieldChecks& checks, const std::string& password,
                      const std::vector<std::string>& personal, absl::string_view field);

// A token from a link: INVALID_TOKEN unless it has the form of one.
void CheckToken(FieldChecks& checks, const std::string& token, absl::string_view field);

}  // namespace rostrum::account
