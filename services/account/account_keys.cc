#include "services/account/account_keys.h"

#include "absl/strings/str_cat.h"
#include "services/account/canonical_address.h"
#include "services/common/base/crypto.h"

namespace rostrum::account {

AccountKeys::AccountKeys(const std::string& secret)
    : person_(DeriveKey(secret, "account/person")),
      code_(DeriveKey(secret, "account/verification-code")),
      throttle_(DeriveKey(secret, "account/throttle")),
      password_(DeriveKey(secret, "account/password-fingerprint")) {}

std::string AccountKeys::PersonKey(absl::string_view address) const {
  return HmacSha256(person_, CanonicalAddress(address));
}

std::string AccountKeys::CodeHash(absl::string_view sign_up_id, absl::string_view code) const {
  return HmacSha256(code_, absl::StrCat(sign_up_id, ":", code));
}

std::string AccountKeys::ThrottleKey(absl::string_view address) const {
  return Base64Url(HmacSha256(throttle_, LowerAddress(address)).substr(0, 16));
}

std::string AccountKeys::PasswordFingerprint(absl::string_view password) const {
  return Base64Url(HmacSha256(password_, password));
}

std::string NewToken() { return Base64Url(RandomBytes(32)); }

std::string HashToken(absl::string_view token) { return Sha256(token); }

}  // namespace rostrum::account
