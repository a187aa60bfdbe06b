#include "services/common/base/crypto.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <cstdlib>

#include "absl/base/call_once.h"
#include "absl/status/status.h"

namespace rostrum {
namespace {

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

void InitCrypto() {
  static absl::once_flag once;
  absl::call_once(once, [] {
    if (sodium_init() < 0) std::abort();
  });
}

std::string RandomBytes(size_t count) {
  InitCrypto();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string HmacSha256(absl::string_view key, absl::string_view message) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, Bytes(key), key.size());
  crypto_auth_hmacsha256_update(&state, Bytes(message), message.size());
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, Bytes(mac));
  sodium_memzero(&state, sizeof(state));
  return mac;
}

std::string Sha256(absl::string_view message) {
  // Asking by name, as EVP_sha256 does, would look it up each time.
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string hash(crypto_hash_sha256_BYTES, '\0');
  if (EVP_Digest(message.data(), message.size(), Bytes(hash), nullptr, sha256, nullptr) != 1) {
    std::abort();  // out of memory
  }
  return hash;
}

bool EqualInConstantTime(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string Base64Url(absl::string_view bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), Bytes(bytes), bytes.size(), kVariant);
  text.pop_back();  // the terminating NUL
  return text;
}

absl::StatusOr<std::string> Base64UrlDecode(absl::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(Bytes(bytes), bytes.size(), text.data(), text.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      end != text.data() + text.size()) {
    return absl::InvalidArgumentError("not base64url without padding");
  }
  bytes.resize(size);
  // libsodium 1.0.18 also reads some texts that it would not write itself.
  if (Base64Url(bytes) != text) return absl::InvalidArgumentError("base64url is not canonical");
  return bytes;
}

std::string Hex(absl::string_view bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), Bytes(bytes), bytes.size());
  text.pop_back();
  return text;
}

std::string RandomDigits(int digits) {
  InitCrypto();
  std::string code;
  for (int i = 0; i < digits; ++i) code.push_back(static_cast<char>('0' + randombytes_uniform(10)));
  return code;
}

std::string DeriveKey(absl::string_view secret, absl::string_view purpose) {
  return HmacSha256(secret, purpose);
}

}  // namespace rostrum
