#include "services/subscription/webhook_signature.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

constexpr absl::Duration kTolerance = absl::Minutes(5);

std::string Mac(const std::string& secret, int64_t seconds, const std::string& body) {
  return Hex(HmacSha256(secret, absl::StrCat(seconds, ".", body)));
}

}  // namespace

std::string SignWebhook(const std::string& secret, const std::string& body, absl::Time now) {
  const int64_t seconds = absl::ToUnixSeconds(now);
  return absl::StrCat("t=", seconds, ",v1=", Mac(secret, seconds, body));
}

absl::Status VerifyWebhook(const std::vector<std::string>& secrets, const std::string& signature,
                           const std::string& body, absl::Time now) {
  const absl::Status invalid =
      Error(absl::StatusCode::kUnauthenticated, "WEBHOOK_SIGNATURE_INVALID",
            "the signature is missing, wrong or too old");
  int64_t seconds = 0;
  std::vector<std::string> macs;
  const std::vector<absl::string_view> parts = absl::StrSplit(signature, ',');
  for (absl::string_view part : parts) {
    if (absl::ConsumePrefix(&part, "t=")) {
      if (!absl::SimpleAtoi(part, &seconds)) return invalid;
    } else if (absl::ConsumePrefix(&part, "v1=")) {
      macs.emplace_back(part);
    }
  }
  if (absl::AbsDuration(now - absl::FromUnixSeconds(seconds)) > kTolerance) return invalid;
  bool valid = false;
  for (const std::string& secret : secrets) {
    const std::string expected = Mac(secret, seconds, body);
    for (const std::string& mac : macs) valid |= EqualInConstantTime(mac, expected);
  }
  return valid ? absl::OkStatus() : invalid;
}

}  // namespace rostrum::subscription
