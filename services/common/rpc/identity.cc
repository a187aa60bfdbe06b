#include "services/common/rpc/identity.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"

namespace rostrum {
namespace {

using nlohmann::json;

constexpr absl::Duration kLeeway = absl::Seconds(5);  // between clocks
constexpr size_t kMaxTokenBytes = 4 << 10;
constexpr size_t kMaxFooterBytes = 256;
constexpr size_t kMaxVerified = 4096;
constexpr size_t kSeedBytes = 32;
constexpr char kTimeFormat[] = "%Y-%m-%d%ET%H:%M:%E*SZ";
constexpr char kAccountIssuer[] = "account";

absl::Status Invalid(absl::string_view why) {
  return Error(absl::StatusCode::kUnauthenticated, "IDENTITY_INVALID",
               absl::StrCat("the identity token is not valid: ", why));
}
absl::Status Expired() {
  return Error(absl::StatusCode::kUnauthenticated, "IDENTITY_EXPIRED",
               "the identity token has expired");
}

std::string FormatUtc(absl::Time time) {
  return absl::FormatTime(kTimeFormat, time, absl::UTCTimeZone());
}

std::optional<std::string> StringClaim(const json& claims, const char* name) {
  const auto it = claims.find(name);
  if (it == claims.end() || !it->is_string()) return std::nullopt;
  return it->get<std::string>();
}

std::optional<absl::Time> TimeClaim(const json& claims, const char* name) {
  const std::optional<std::string> text = StringClaim(claims, name);
  absl::Time time;
  if (!text || !absl::ParseTime(kTimeFormat, *text, &time, nullptr)) return std::nullopt;
  // ParseTime also reads the word "infinite-future".
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return std::nullopt;
  return time;
}

bool ReadStrings(const json& claims, const char* name, std::set<std::string>* out) {
  const auto it = claims.find(name);
  if (it == claims.end() || !it->is_array()) return false;
  for (const json& entry : *it) {
    if (!entry.is_string()) return false;
    out->insert(entry.get<std::string>());
  }
  return true;
}

// Checks that the token is valid now; returns the time of its end.
absl::StatusOr<absl::Time> CheckTimes(const json& claims, absl::Time now) {
  const std::optional<absl::Time> issued = TimeClaim(claims, "iat");
  const std::optional<absl::Time> not_before = TimeClaim(claims, "nbf");
  const std::optional<absl::Time> expires = TimeClaim(claims, "exp");
  if (!issued || !not_before || !expires) return Invalid("times");
  if (*expires - *issued > kIdentityLifetime) return Invalid("lifetime");
  if (*issued > now + kLeeway || *not_before > now + kLeeway) return Invalid("not yet valid");
  if (*expires + kLeeway <= now) return Expired();
  return *expires;
}

absl::StatusOr<Caller> ReadAccount(const json& claims, absl::string_view id) {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  if (!IsUuid(id)) return Invalid("subject");
  caller.account_id = AccountId(std::string(id));
  const std::optional<std::string> session = StringClaim(claims, "sid");
  const std::optional<std::string> name = StringClaim(claims, "name");
  if (!session || !name || (!session->empty() && !IsUuid(*session))) return Invalid("session");
  caller.session_id = SessionId(*session);
  caller.display_name = *name;
  if (!ReadStrings(claims, "roles", &caller.roles)) return Invalid("roles");
  if (const std::optional<std::string> all = StringClaim(claims, "scopes"); all) {
    if (*all != "*") return Invalid("scopes");
    caller.has_all_scopes = true;
  } else if (!ReadStrings(claims, "scopes", &caller.scopes)) {
    return Invalid("scopes");
  }
  return caller;
}

// Which subjects an issuer may speak for is decided here and nowhere else.
absl::StatusOr<Caller> ReadSubject(const json& claims, const std::string& issuer) {
  const std::optional<std::string> subject = StringClaim(claims, "sub");
  if (!subject) return Invalid("subject");
  absl::string_view rest = *subject;
  if (absl::ConsumePrefix(&rest, "account:")) {
    if (issuer != kAccountIssuer) return Invalid("issuer may not speak for accounts");
    return ReadAccount(claims, rest);
  }
  if (!absl::ConsumePrefix(&rest, "service:") || rest != issuer) {
    return Invalid("issuer may speak for itself only");
  }
  Caller caller;
  caller.kind = Caller::Kind::kService;
  caller.service = issuer;
  return caller;
}

}  // namespace

absl::StatusOr<IdentitySigner> IdentitySigner::Parse(const std::string& key_json, Clock& clock) {
  const json key = json::parse(key_json, nullptr, false);
  const absl::Status malformed = absl::InvalidArgumentError(
      "signing key: not JSON with \"kid\", \"issuer\" and \"seed\" (base64url of 32 bytes)");
  if (!key.is_object()) return malformed;
  const std::optional<std::string> kid = StringClaim(key, "kid");
  const std::optional<std::string> issuer = StringClaim(key, "issuer");
  const std::optional<std::string> seed_text = StringClaim(key, "seed");
  if (!kid || kid->empty() || !issuer || issuer->empty() || !seed_text) return malformed;
  const absl::StatusOr<std::string> seed = Base64UrlDecode(*seed_text);
  if (!seed.ok() || seed->size() != kSeedBytes) return malformed;
  return IdentitySigner(*kid, *issuer, Ed25519KeyPairFromSeed(*seed), clock);
}

IdentitySigner::IdentitySigner(std::string kid, std::string issuer, Ed25519KeyPair key,
                               Clock& clock)
    : kid_(std::move(kid)), issuer_(std::move(issuer)), key_(std::move(key)), clock_(&clock) {}

std::string IdentitySigner::Sign(const Caller& caller, const std::string& audience) const {
  const absl::Time now = clock_->Now();
  json claims = {{"iss", issuer_},        {"aud", audience},
                 {"sub", caller.Key()},   {"iat", FormatUtc(now)},
                 {"nbf", FormatUtc(now)}, {"exp", FormatUtc(now + kIdentityLifetime)}};
  if (caller.IsAccount()) {
    claims["sid"] = caller.session_id.value();
    claims["name"] = caller.display_name;
    claims["roles"] = caller.roles;
    claims["scopes"] = caller.has_all_scopes ? json("*") : json(caller.scopes);
  }
  const std::string message = claims.dump(-1, ' ', false, json::error_handler_t::replace);
  return PasetoSign(key_.secret_key, message, json({{"kid", kid_}}).dump(), audience);
}

std::string IdentitySigner::SignSelf(const std::string& audience) const {
  Caller self;
  self.kind = Caller::Kind::kService;
  self.service = issuer_;
  return Sign(self, audience);
}

IdentityVerifier::IdentityVerifier(std::string audience, KeyringFile& keyring, Clock& clock)
    : audience_(std::move(audience)), keyring_(keyring), clock_(clock) {}

absl::StatusOr<Caller> IdentityVerifier::Verify(const std::string& token) {
  if (token.size() > kMaxTokenBytes) return Invalid("too long");
  const absl::Time now = clock_.Now();
  {
    absl::MutexLock lock(&mu_);
    const auto it = verified_.find(token);
    if (it != verified_.end()) {
      if (it->second.expires + kLeeway > now) return it->second.caller;
      verified_.erase(it);
      return Expired();
    }
  }
  absl::Time expires;
  absl::StatusOr<Caller> caller = VerifyUncached(token, &expires);
  if (!caller.ok()) return caller;
  absl::MutexLock lock(&mu_);
  if (verified_.size() >= kMaxVerified) {
    absl::erase_if(verified_, [&](const auto& e) { return e.second.expires + kLeeway <= now; });
    if (verified_.size() >= kMaxVerified) verified_.clear();
  }
  verified_.emplace(token, Entry{*caller, expires});
  return caller;
}

absl::StatusOr<Caller> IdentityVerifier::VerifyUncached(const std::string& token,
                                                        absl::Time* expires) {
  const absl::StatusOr<std::string> footer_text = PasetoUnverifiedFooter(token);
  if (!footer_text.ok() || footer_text->size() > kMaxFooterBytes) return Invalid("malformed");
  const json footer = json::parse(*footer_text, nullptr, false);
  if (!footer.is_object()) return Invalid("malformed");
  const std::optional<std::string> kid = StringClaim(footer, "kid");
  if (!kid) return Invalid("malformed");
  const std::shared_ptr<const Keyring> keyring = keyring_.Get();
  const Keyring::Key* key = keyring->Find(*kid);
  if (key == nullptr) return Invalid("unknown key");
  const absl::StatusOr<PasetoToken> verified = PasetoVerify(key->public_key, token, audience_);
  if (!verified.ok()) return Invalid("wrong signature or audience");

  const json claims = json::parse(verified->message, nullptr, false);
  if (!claims.is_object()) return Invalid("malformed");
  if (StringClaim(claims, "iss") != key->issuer) return Invalid("wrong issuer");
  if (StringClaim(claims, "aud") != audience_) return Invalid("wrong audience");
  ASSIGN_OR_RETURN(*expires, CheckTimes(claims, clock_.Now()));
  return ReadSubject(claims, key->issuer);
}

}  // namespace rostrum
