// Who calls: what every RPC begins with.

#include <map>
#include <string>

#include "benchmark/benchmark.h"
#include "services/common/base/crypto.h"
#include "services/common/rpc/identity.h"

namespace rostrum {
namespace {

struct Parties {
  SystemClock clock;
  Ed25519KeyPair key = Ed25519KeyPairFromSeed(std::string(32, 's'));
  KeyringFile keyring{Keyring({{"k", {.issuer = "gateway", .public_key = key.public_key}}})};
  IdentitySigner signer{"k", "gateway", key, clock};
  IdentityVerifier verifier{"content", keyring, clock};
};

void SignIdentity(benchmark::State& state) {
  const Parties parties;
  for (auto _ : state) benchmark::DoNotOptimize(parties.signer.SignSelf("content"));
}
BENCHMARK(SignIdentity);

// A token that was not seen before: once a minute from each caller.
void VerifyNewIdentity(benchmark::State& state) {
  Parties parties;
  const std::string token = parties.signer.SignSelf("content");
  for (auto _ : state) {
    IdentityVerifier fresh("content", parties.keyring, parties.clock);
    if (!fresh.Verify(token).ok()) state.SkipWithError("not believed");
  }
}
BENCHMARK(VerifyNewIdentity);

void VerifyKnownIdentity(benchmark::State& state) {
  Parties parties;
  // Longer than a run: a known token is not looked into, but it must not expire.
  std::string token = parties.signer.SignSelf("content");
  int64_t checks = 0;
  for (auto _ : state) {
    if (++checks % 1'000'000 == 0) token = parties.signer.SignSelf("content");
    if (!parties.verifier.Verify(token).ok()) state.SkipWithError("not believed");
  }
}
BENCHMARK(VerifyKnownIdentity);

}  // namespace
}  // namespace rostrum
