#include <string>

#include "absl/strings/str_cat.h"
#include "services/subscription/webhook_signature.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::subscription {

// A line as a signature, then a body: nobody signs without the secret, and what
// is signed holds for that body, that secret and ten minutes.
FUZZ_TARGET(webhook) {
  const std::string signature(fuzz::TakeLine(input));
  const std::string body(input);
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const std::vector<std::string> secrets = {"the secret", "the one before"};
  REQUIRE(!VerifyWebhook(secrets, signature, body, now).ok(), signature);

  const std::string ours = SignWebhook("the one before", body, now);
  REQUIRE(VerifyWebhook(secrets, ours, body, now).ok(), ours);
  REQUIRE(VerifyWebhook(secrets, ours, body, now + absl::Minutes(5)).ok(), ours);
  REQUIRE(!VerifyWebhook(secrets, ours, body, now + absl::Seconds(301)).ok(), ours);
  REQUIRE(!VerifyWebhook(secrets, ours, body, now - absl::Seconds(301)).ok(), ours);
  REQUIRE(!VerifyWebhook({"the secret"}, ours, body, now).ok(), ours);
  REQUIRE(!VerifyWebhook({}, ours, body, now).ok(), ours);
  REQUIRE(!VerifyWebhook(secrets, ours, body + "x", now).ok(), ours);
  // Whatever stands before it must not make another time or body good.
  const std::string mixed = absl::StrCat(signature, ",", ours);
  REQUIRE(!VerifyWebhook(secrets, mixed, body + "x", now).ok(), mixed);
  REQUIRE(!VerifyWebhook(secrets, absl::StrCat(ours, ",", signature), body, now + absl::Minutes(6))
               .ok(),
          signature);
}

}  // namespace rostrum::subscription
