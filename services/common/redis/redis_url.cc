#include "services/common/redis/redis_url.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace rostrum {

absl::StatusOr<RedisAddress> ParseRedisUrl(const std::string& url) {
  const absl::Status malformed = absl::InvalidArgumentError(
      "a Redis URL is redis://[:password@]host[:port][/db] or unix:/path");
  RedisAddress address;
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    if (!absl::StartsWith(rest, "/")) return malformed;
    address.unix_path = std::string(rest);
    return address;
  }
  if (!absl::ConsumePrefix(&rest, "redis://")) return malformed;
  const size_t at = rest.rfind('@');
  if (at != absl::string_view::npos) {
    const std::pair<absl::string_view, absl::string_view> user =
        absl::StrSplit(rest.substr(0, at), absl::MaxSplits(':', 1));
    if (!user.first.empty()) return malformed;
    address.password = std::string(user.second);
    rest.remove_prefix(at + 1);
  }
  const std::vector<absl::string_view> path = absl::StrSplit(rest, absl::MaxSplits('/', 1));
  if (path.size() == 2 && !path[1].empty() &&
      (!absl::SimpleAtoi(path[1], &address.database) || address.database < 0)) {
    return malformed;
  }
  const size_t colon = path[0].rfind(':');
  address.host = std::string(path[0].substr(0, colon));
  if (colon != absl::string_view::npos &&
      (!absl::SimpleAtoi(path[0].substr(colon + 1), &address.port) || address.port < 1 ||
       address.port > 65535)) {
    return malformed;
  }
  if (address.host.empty()) return malformed;
  return address;
}

}  // namespace rostrum
