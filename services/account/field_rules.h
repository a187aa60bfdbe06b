#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/common/base/status.h"

namespace rostrum::account {

// What the fields of requests must be, in one place for all handlers. Each adds
// a violation on `field` to `checks`.

// A mail address: INVALID_EMAIL.
void CheckEmail(FieldChecks& checks, const std::string& email, absl::string_view field);

// A password as it was typed at a login: REQUIRED, TOO_LONG.
void CheckTypedPassword(FieldChecks& checks, const std::string& password, absl::string_view field);

// A password to be set: TOO_SHORT, TOO_LONG, COMMON_PASSWORD. No rules of
// composition. `personal` are words that anybody would try first: the name and
// the address of the person.
void CheckNewPassword(FieldChecks& checks, const std::string& password,
                      const std::vector<std::string>& personal, absl::string_view field);

// A token from a link. Anything of its shape may be looked up: INVALID_TOKEN.
void CheckToken(FieldChecks& checks, const std::string& token, absl::string_view field);

}  // namespace rostrum::account
