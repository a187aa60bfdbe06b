#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum {

// Thin names over libsodium, and over OpenSSL for SHA-256: libsodium computes that without the
// instructions that processors have for it, which takes five times as long. Bytes travel as
// std::string. Thread-safe.

// Readies libsodium; dies if the system has no randomness. Called early in
// main so that it fails there; without it the first random bytes call it.
void InitCrypto();

std::string RandomBytes(size_t count);
// HMAC-SHA-256 (RFC 2104) with a key of any length: 32 bytes.
std::string HmacSha256(absl::string_view key, absl::string_view message);
std::string Sha256(absl::string_view message);
// Compares in time that depends on the lengths only.
bool EqualInConstantTime(absl::string_view a, absl::string_view b);

// base64url without padding (RFC 4648, 5).
std::string Base64Url(absl::string_view bytes);
// INVALID_ARGUMENT if `text` is not canonical base64url without padding.
absl::StatusOr<std::string> Base64UrlDecode(absl::string_view text);
std::string Hex(absl::string_view bytes);

// A uniformly random code of `digits` decimal digits, with leading zeros.
std::string RandomDigits(int digits);

// A key for one purpose, derived from a secret: HMAC-SHA-256(secret, purpose).
std::string DeriveKey(absl::string_view secret, absl::string_view purpose);

}  // namespace rostrum
