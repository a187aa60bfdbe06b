#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rostrum::http {

// The cookies of a request (RFC 6265bis). A pair that is malformed is left
// out: other software on the host may have set it. A name that comes twice is
// left out as well, since which of the two is ours cannot be told.
class Cookies {
 public:
  // INVALID_ARGUMENT (reason INVALID_COOKIES) for more than 8 KiB or 64 pairs.
  static absl::StatusOr<Cookies> Parse(absl::string_view header);
  // The value without quotes, or nullptr.
  const std::string* Find(absl::string_view name) const;
  size_t size() const { return cookies_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> cookies_;
};

struct CookieSettings {
  // Off only by an explicit development setting, for plain HTTP on loopback:
  // it drops Secure and the __Host- prefix that needs it.
  bool secure = true;
};

// "session" is "__Host-session" where cookies are secure.
std::string CookieName(absl::string_view name, const CookieSettings& settings);

struct NewCookie {
  std::string name;  // without the prefix
  std::string value;
  // Zero or less deletes the cookie.
  absl::Duration max_age;
  // False only where a page's script must read it.
  bool http_only = true;
};

// The value of a Set-Cookie header, with Path=/ and SameSite=Lax.
// INVALID_ARGUMENT if the name is no token or the value not of cookie octets.
absl::StatusOr<std::string> SetCookie(const NewCookie& cookie, const CookieSettings& settings);

}  // namespace rostrum::http
