#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/csrf.h"
#include "gateway/http/head_policy.h"
#include "gateway/http/network.h"
#include "services/common/redis/redis_url.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::http {
namespace {

void CheckAddress(absl::string_view text) {
  const auto address = IpAddress::Parse(text);
  if (!address.ok()) return;
  const auto again = IpAddress::Parse(address->ToString());
  REQUIRE(again.ok() && *again == *address, text);
  REQUIRE(text.find_first_not_of("0123456789abcdefABCDEF.:") == absl::string_view::npos, text);
  REQUIRE(address->Host().Masked(64) == address->Masked(64), text);
  const std::string prefix = NetworkPrefix(*address);
  const auto network = CidrList::Parse(prefix);
  REQUIRE(network.ok() && network->Contains(*address), prefix);
  // Who is no proxy of ours speaks for itself.
  HttpHeaders headers;
  headers.Add("x-forwarded-for", text);
  const IpAddress proxy = IpAddress::FromV4({127, 0, 0, 1});
  REQUIRE(ClientAddress(*address, CidrList(), headers) == *address, text);
  REQUIRE(ClientAddress(proxy, *CidrList::Parse("127.0.0.1"), headers) == *address, text);
}

void CheckNetworks(absl::string_view text) {
  const auto list = CidrList::Parse(text);
  if (!list.ok()) return;
  for (absl::string_view element : absl::StrSplit(text, ',')) {
    element = absl::StripAsciiWhitespace(element);
    if (element.empty()) continue;
    const auto base = IpAddress::Parse(element.substr(0, element.find('/')));
    REQUIRE(base.ok() && list->Contains(*base), element);
  }
}

void CheckRedis(absl::string_view text) {
  const auto address = ParseRedisUrl(std::string(text));
  if (!address.ok()) return;
  if (!address->unix_path.empty()) {
    REQUIRE(absl::StrCat("unix:", address->unix_path) == text, text);
    return;
  }
  REQUIRE(!address->host.empty() && address->port > 0 && address->port < 65536, text);
  REQUIRE(address->database >= 0, text);
  const auto again = ParseRedisUrl(absl::StrCat("redis://:", address->password, "@", address->host,
                                                ":", address->port, "/", address->database));
  REQUIRE(again.ok(), text);
  REQUIRE(again->host == address->host && again->port == address->port, text);
  REQUIRE(again->password == address->password && again->database == address->database, text);
}

void CheckOrigin(absl::string_view text) {
  const auto origin = ParseOrigin(text);
  if (!origin.ok()) return;
  const auto again = ParseOrigin(*origin);
  REQUIRE(again.ok() && *again == *origin, *origin);
  const absl::string_view host = absl::string_view(*origin).substr(origin->find("://") + 3);
  REQUIRE(IsValidHost(host), *origin);
  REQUIRE(host.find_first_of("/\\@?# ") == absl::string_view::npos, *origin);
}

}  // namespace

// Addresses and networks of settings and of X-Forwarded-For; origins; Redis.
FUZZ_TARGET(addresses) {
  CheckAddress(input);
  CheckNetworks(input);
  CheckRedis(input);
  CheckOrigin(input);
  if (IsValidHost(input)) {
    REQUIRE(input.find_first_of("/\\@?# \r\n") == absl::string_view::npos, input);
    CheckOrigin(absl::StrCat("https://", input));
  }
}

}  // namespace rostrum::http
