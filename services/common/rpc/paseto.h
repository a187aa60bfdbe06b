#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum {

// PASETO v4.public (paseto-spec, Version 4): Ed25519 over the pre-authentication
// encoding of header, message, footer and implicit assertion. Nothing in a
// token chooses an algorithm. Thread-safe.

struct Ed25519KeyPair {
  std::string public_key;  // 32 bytes
  std::string secret_key;  // 64 bytes: seed and public key, as libsodium has it
};
Ed25519KeyPair NewEd25519KeyPair();
// The pair that belongs to a 32-byte seed.
Ed25519KeyPair Ed25519KeyPairFromSeed(absl::string_view seed);

std::string PasetoSign(const std::string& secret_key, absl::string_view message,
                       absl::string_view footer, absl::string_view implicit_assertion);

struct PasetoToken {
  std::string message;
  std::string footer;
};
// UNAUTHENTICATED if the token is malformed or its signature is wrong.
absl::StatusOr<PasetoToken> PasetoVerify(const std::string& public_key, absl::string_view token,
                                         absl::string_view implicit_assertion);
// The footer without verification, to look up the key by.
absl::StatusOr<std::string> PasetoUnverifiedFooter(absl::string_view token);

}  // namespace rostrum
