#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace rostrum::account {

// Keyed hashes, so that a copy of the database or of Redis is of no use without the secret.
// There is one key for each purpose, all derived from PERSON_KEY_SECRET. Immutable.
class AccountKeys {
 public:
  explicit AccountKeys(const std::string& secret);

  // Identifies the person behind an address (canonical_address.h), 32 bytes.
  std::string PersonKey(absl::string_view address) const;
  // The hash of a six-digit code, together with the sign-up that it belongs to.
  std::string CodeHash(absl::string_view sign_up_id, absl::string_view code) const;
  // Stands for a mail address in the keys of throttles.
  std::string ThrottleKey(absl::string_view address) const;
  // Stands for a password in the hash of a request that may be repeated.
  std::string PasswordFingerprint(absl::string_view password) const;

 private:
  std::string person_;
  std::string code_;
  std::string throttle_;
  std::string password_;
};

// A token of 256 random bits: 43 characters of base64url.
std::string NewToken();
// The hash under which a token is stored. A plain hash is enough because the token is
// random.
std::string HashToken(absl::string_view token);

// Access tokens begin with this, so that scanners for leaked secrets know them.
inline constexpr char kAccessTokenPrefix[] = "rst_";

}  // namespace rostrum::account
