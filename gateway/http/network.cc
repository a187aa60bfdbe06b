#include "gateway/http/network.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/common/base/crypto.h"

namespace rostrum::http {
namespace {

// Drops a port: "1.2.3.4:80", "[::1]:80", "[::1]".
absl::string_view WithoutPort(absl::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    return end == absl::string_view::npos ? absl::string_view() : text.substr(1, end - 1);
  }
  const size_t colon = text.find(':');
  const bool one_colon = colon != absl::string_view::npos && text.rfind(':') == colon;
  return one_colon ? text.substr(0, colon) : text;
}

// The range of addresses that one household or office is likely to have.
int NetworkBits(const IpAddress& address) { return address.is_v4() ? 24 : 64; }

int64_t HourOf(absl::Time time) { return absl::ToUnixSeconds(time) / 3600; }

}  // namespace

IpAddress IpAddress::FromV4(const std::array<uint8_t, 4>& bytes) {
  IpAddress address;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::FromV6(const std::array<uint8_t, 16>& bytes) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    return FromV4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  IpAddress address;
  address.v4_ = false;
  address.bytes_ = bytes;
  return address;
}

absl::StatusOr<IpAddress> IpAddress::Parse(absl::string_view text) {
  // inet_pton would stop at a NUL and accept the text before it.
  if (absl::StrContains(text, '\0')) return absl::InvalidArgumentError("not an IP address");
  const std::string copy(text);
  std::array<uint8_t, 4> v4;
  std::array<uint8_t, 16> v6;
  if (inet_pton(AF_INET, copy.c_str(), v4.data()) == 1) return FromV4(v4);
  if (inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1) return FromV6(v6);
  return absl::InvalidArgumentError("not an IP address");
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof(text));
  return text;
}

IpAddress IpAddress::Masked(int bits) const {
  IpAddress masked = *this;
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(bits - i * 8, 0, 8);
    masked.bytes_[i] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  return masked;
}

absl::StatusOr<CidrList> CidrList::Parse(absl::string_view text) {
  CidrList list;
  for (absl::string_view element : absl::StrSplit(text, ',')) {
    element = absl::StripAsciiWhitespace(element);
    if (element.empty()) continue;
    const std::vector<std::string> parts = absl::StrSplit(element, '/');
    const absl::StatusOr<IpAddress> base = IpAddress::Parse(parts[0]);
    int bits = base.ok() && base->is_v4() ? 32 : 128;
    const int most = bits;
    const bool valid = base.ok() && parts.size() <= 2 &&
                       (parts.size() == 1 || absl::SimpleAtoi(parts[1], &bits)) && bits >= 0 &&
                       bits <= most && base->Masked(bits) == *base;
    if (!valid) {
      return absl::InvalidArgumentError(absl::StrCat("not a network: ", element));
    }
    list.networks_.push_back({*base, bits});
  }
  return list;
}

bool CidrList::Contains(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return network.base.is_v4() == address.is_v4() && address.Masked(network.bits) == network.base;
  });
}

IpAddress ClientAddress(const IpAddress& peer, const CidrList& trusted_proxies,
                        const HttpHeaders& headers) {
  if (!trusted_proxies.Contains(peer)) return peer;
  std::vector<absl::string_view> elements;
  for (const auto& [name, value] : headers) {
    if (!absl::EqualsIgnoreCase(name, "x-forwarded-for")) continue;
    for (const absl::string_view element : absl::StrSplit(value, ',')) elements.push_back(element);
  }
  // Each trusted proxy appended the address of its client, so the list is read from its end.
  IpAddress client = peer;
  while (!elements.empty() && trusted_proxies.Contains(client)) {
    const absl::string_view element = absl::StripAsciiWhitespace(elements.back());
    const absl::StatusOr<IpAddress> before = IpAddress::Parse(WithoutPort(element));
    if (!before.ok()) break;
    client = *before;
    elements.pop_back();
  }
  return client;
}

std::string NetworkPrefix(const IpAddress& address) {
  const int bits = NetworkBits(address);
  return absl::StrCat(address.Masked(bits).ToString(), "/", bits);
}

std::string NetworkKey(absl::string_view secret, absl::string_view prefix, absl::Time now) {
  return Base64Url(
      HmacSha256(secret, absl::StrCat("network\n", prefix, "\n", HourOf(now))).substr(0, 16));
}

std::string NetworkKeys::Of(const IpAddress& address, absl::Time now) {
  const IpAddress network = address.Masked(NetworkBits(address));
  const int64_t hour = HourOf(now);
  absl::MutexLock lock(&mu_);
  if (hour != hour_ || kept_.size() >= kMaxKept) kept_.clear();
  hour_ = hour;
  std::string& key = kept_[network];
  if (key.empty()) key = NetworkKey(secret_, NetworkPrefix(address), now);
  return key;
}

}  // namespace rostrum::http
