#include "services/account/canonical_address.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace rostrum::account {

std::string LowerAddress(absl::string_view address) { return absl::AsciiStrToLower(address); }

std::string CanonicalAddress(absl::string_view address) {
  const std::string lower = LowerAddress(address);
  const size_t at = lower.rfind('@');
  if (at == std::string::npos) return lower;
  std::string local = lower.substr(0, at);
  std::string domain = lower.substr(at + 1);

  const size_t plus = local.find('+');
  if (plus != std::string::npos && plus > 0) local.resize(plus);
  if (domain == "googlemail.com") domain = "gmail.com";
  if (domain == "gmail.com") local.erase(std::remove(local.begin(), local.end(), '.'), local.end());
  return absl::StrCat(local, "@", domain);
}

}  // namespace rostrum::account
