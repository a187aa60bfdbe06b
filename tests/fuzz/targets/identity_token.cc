#include <string>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/common/base/crypto.h"
#include "services/common/base/ids.h"
#include "services/common/base/status.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/paseto.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum {
namespace {

class FixedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'800'000'000); }
};

struct World {
  FixedClock clock;
  Ed25519KeyPair account = Ed25519KeyPairFromSeed(std::string(32, 'a'));
  Ed25519KeyPair content = Ed25519KeyPairFromSeed(std::string(32, 'c'));
  KeyringFile keyring{
      Keyring({{"ka", {"account", account.public_key}}, {"kc", {"content", content.public_key}}})};
};

// A token of nobody's key, or of a key for something it may not say.
void CheckForged(World& world, absl::string_view input) {
  IdentityVerifier verifier("feed", world.keyring, world.clock);
  REQUIRE(!verifier.Verify(std::string(input)).ok(), input);
  const auto footer = PasetoUnverifiedFooter(input);
  REQUIRE(!footer.ok() || footer->size() <= input.size(), input);
  REQUIRE(!PasetoVerify(world.account.public_key, input, "feed").ok(), input);
}

// Claims signed by a real key: who is believed is whom that key may speak for,
// and no other audience believes it.
void CheckSigned(World& world, bool by_account, absl::string_view claims) {
  const Ed25519KeyPair& key = by_account ? world.account : world.content;
  const std::string footer = by_account ? R"({"kid":"ka"})" : R"({"kid":"kc"})";
  const std::string token = PasetoSign(key.secret_key, claims, footer, "feed");
  const auto read = PasetoVerify(key.public_key, token, "feed");
  REQUIRE(read.ok() && read->message == claims && read->footer == footer, claims);
  REQUIRE(!PasetoVerify(key.public_key, token, "comment").ok(), claims);

  IdentityVerifier verifier("feed", world.keyring, world.clock);
  const auto caller = verifier.Verify(token);
  if (!caller.ok()) {
    REQUIRE(caller.status().code() == absl::StatusCode::kUnauthenticated, claims);
    return;
  }
  REQUIRE(caller->kind != Caller::Kind::kAnonymous, claims);
  if (caller->IsService()) {
    REQUIRE(caller->service == (by_account ? "account" : "content"), claims);
  } else {
    REQUIRE(by_account && IsUuid(caller->account_id.value()), claims);
    REQUIRE(caller->session_id.empty() || IsUuid(caller->session_id.value()), claims);
  }
  const auto said = nlohmann::json::parse(claims);
  REQUIRE(said.at("sub") == caller->Key() && said.at("aud") == "feed", claims);
  // The verifier remembers it, and believes the same again.
  REQUIRE(verifier.Verify(token).ok(), claims);
  IdentityVerifier other("comment", world.keyring, world.clock);
  REQUIRE(!other.Verify(token).ok(), claims);
  // Any other text is another token.
  std::string changed = token;
  const size_t at = claims.size() % token.size();
  changed[at] = changed[at] == 'A' ? 'B' : 'A';
  REQUIRE(!verifier.Verify(changed).ok(), changed);
}

}  // namespace

// The first byte says what the rest is: claims signed by account ('a') or by
// content ('c'), a keyring ('k'), a signing key ('s'), else a token as it came.
FUZZ_TARGET(identity_token) {
  static World* const world = new World();
  if (input.empty()) return;
  const absl::string_view rest = input.substr(1);
  switch (input[0]) {
    case 'a': return CheckSigned(*world, true, rest);
    case 'c': return CheckSigned(*world, false, rest);
    case 'k': {
      const auto keyring = Keyring::Parse(std::string(rest));
      if (!keyring.ok()) return;
      const Keyring::Key* key = keyring->Find("k");
      REQUIRE(key == nullptr || key->public_key.size() == 32, rest);
      return;
    }
    case 's': {
      const auto signer = IdentitySigner::Parse(std::string(rest), world->clock);
      REQUIRE(!signer.ok() || !signer->issuer().empty(), rest);
      return;
    }
    default: return CheckForged(*world, input);
  }
}

}  // namespace rostrum
