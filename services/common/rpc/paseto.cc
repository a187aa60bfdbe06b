#include "services/common/rpc/paseto.h"

#include <sodium.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/crypto.h"

namespace rostrum {
namespace {

constexpr absl::string_view kHeader = "v4.public.";
constexpr size_t kMaxTokenBytes = 16 << 10;

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void AppendLittleEndian64(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// PAE: the number of parts, then each with its length, so that no two lists of parts have the
// same encoding.
std::string PreAuthenticationEncoding(std::initializer_list<absl::string_view> parts) {
  std::string out;
  AppendLittleEndian64(out, parts.size());
  for (absl::string_view part : parts) {
    AppendLittleEndian64(out, part.size());
    out.append(part.data(), part.size());
  }
  return out;
}

struct Parts {
  std::string body;  // message and signature
  std::string footer;
};

absl::StatusOr<Parts> Split(absl::string_view token) {
  const absl::Status malformed = absl::UnauthenticatedError("malformed token");
  if (token.size() > kMaxTokenBytes || !absl::StartsWith(token, kHeader)) return malformed;
  token.remove_prefix(kHeader.size());
  const size_t dot = token.find('.');
  const bool has_footer = dot != absl::string_view::npos;
  absl::StatusOr<std::string> body = Base64UrlDecode(token.substr(0, dot));
  if (!body.ok() || body->size() < crypto_sign_BYTES) return malformed;
  if (!has_footer) return Parts{*std::move(body), ""};
  absl::StatusOr<std::string> footer = Base64UrlDecode(token.substr(dot + 1));
  if (!footer.ok() || footer->empty()) return malformed;
  return Parts{*std::move(body), *std::move(footer)};
}

}  // namespace

Ed25519KeyPair NewEd25519KeyPair() {
  return Ed25519KeyPairFromSeed(RandomBytes(crypto_sign_SEEDBYTES));
}

Ed25519KeyPair Ed25519KeyPairFromSeed(absl::string_view seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) std::abort();
  Ed25519KeyPair pair{std::string(crypto_sign_PUBLICKEYBYTES, '\0'),
                      std::string(crypto_sign_SECRETKEYBYTES, '\0')};
  crypto_sign_seed_keypair(Bytes(pair.public_key), Bytes(pair.secret_key), Bytes(seed));
  return pair;
}

std::string PasetoSign(const std::string& secret_key, absl::string_view message,
                       absl::string_view footer, absl::string_view implicit_assertion) {
  const std::string signed_bytes =
      PreAuthenticationEncoding({kHeader, message, footer, implicit_assertion});
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(Bytes(signature), nullptr, Bytes(signed_bytes), signed_bytes.size(),
                       Bytes(secret_key));
  std::string token = absl::StrCat(kHeader, Base64Url(absl::StrCat(message, signature)));
  if (!footer.empty()) absl::StrAppend(&token, ".", Base64Url(footer));
  return token;
}

absl::StatusOr<PasetoToken> PasetoVerify(const std::string& public_key, absl::string_view token,
                                         absl::string_view implicit_assertion) {
  absl::StatusOr<Parts> parts = Split(token);
  if (!parts.ok()) return parts.status();
  const size_t message_size = parts->body.size() - crypto_sign_BYTES;
  const absl::string_view body = parts->body;
  const absl::string_view message = body.substr(0, message_size);
  const std::string signed_bytes =
      PreAuthenticationEncoding({kHeader, message, parts->footer, implicit_assertion});
  if (public_key.size() != crypto_sign_PUBLICKEYBYTES ||
      crypto_sign_verify_detached(Bytes(body.substr(message_size)), Bytes(signed_bytes),
                                  signed_bytes.size(), Bytes(public_key)) != 0) {
    return absl::UnauthenticatedError("wrong signature");
  }
  return PasetoToken{std::string(message), std::move(parts->footer)};
}

absl::StatusOr<std::string> PasetoUnverifiedFooter(absl::string_view token) {
  absl::StatusOr<Parts> parts = Split(token);
  if (!parts.ok()) return parts.status();
  return std::move(parts->footer);
}

}  // namespace rostrum
