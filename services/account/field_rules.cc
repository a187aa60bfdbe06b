#include "services/account/field_rules.h"

#include <vector>

#include "services/account/common_passwords.h"
#include "services/common/base/utf8.h"
#include "services/common/mail/message.h"

namespace rostrum::account {
namespace {

constexpr size_t kMinPassword = 8;
constexpr size_t kMaxPassword = 128;
constexpr size_t kMaxToken = 128;

}  // namespace

void CheckEmail(FieldChecks& checks, const std::string& email, absl::string_view field) {
  checks.Require(IsMailAddress(email), field, "INVALID_EMAIL",
                 "must be a mail address such as ada@example.org");
}

void CheckTypedPassword(FieldChecks& checks, const std::string& password, absl::string_view field) {
  checks.Require(!password.empty(), field, "REQUIRED", "must not be empty");
  checks.Require(CountCodePoints(password).value_or(kMaxPassword + 1) <= kMaxPassword, field,
                 "TOO_LONG", "must have at most 128 characters");
}

void CheckNewPassword(FieldChecks& checks, const std::string& password,
                      const std::vector<std::string>& personal, absl::string_view field) {
  const size_t characters = CountCodePoints(password).value_or(kMaxPassword + 1);
  if (characters < kMinPassword) {
    checks.Require(false, field, "TOO_SHORT", "must have at least 8 characters");
  } else if (characters > kMaxPassword) {
    checks.Require(false, field, "TOO_LONG", "must have at most 128 characters");
  } else {
    checks.Require(!IsCommonPassword(password, personal), field, "COMMON_PASSWORD",
                   "is among those that are guessed first; choose another");
  }
}

void CheckToken(FieldChecks& checks, const std::string& token, absl::string_view field) {
  checks.Require(!token.empty() && token.size() <= kMaxToken, field, "INVALID_TOKEN",
                 "must be the token of a link");
}

}  // namespace rostrum::account
