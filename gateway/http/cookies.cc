#include "gateway/http/cookies.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/request_head.h"
#include "services/common/base/status.h"

namespace rostrum::http {
namespace {

constexpr size_t kMaxHeader = 8 * 1024;
constexpr size_t kMaxCookies = 64;
constexpr size_t kMaxCookie = 4096;  // name and value; what browsers keep

bool IsCookieValue(absl::string_view value) {
  return std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

}  // namespace

absl::StatusOr<Cookies> Cookies::Parse(absl::string_view header) {
  const auto refuse = [](absl::string_view message) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_COOKIES", message);
  };
  if (header.size() > kMaxHeader) return refuse("the cookies are too large");
  Cookies result;
  std::vector<std::string> seen;
  size_t pairs = 0;
  for (absl::string_view pair : absl::StrSplit(header, ';')) {
    if (++pairs > kMaxCookies) return refuse("too many cookies");
    const size_t equals = pair.find('=');
    if (equals == absl::string_view::npos) continue;
    const absl::string_view name = TrimOws(pair.substr(0, equals));
    absl::string_view value = TrimOws(pair.substr(equals + 1));
    if (!IsToken(name)) continue;
    const bool again = std::find(seen.begin(), seen.end(), name) != seen.end();
    if (again) {
      std::erase_if(result.cookies_, [&](const auto& cookie) { return cookie.first == name; });
      continue;
    }
    seen.emplace_back(name);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (!IsCookieValue(value)) continue;
    result.cookies_.emplace_back(std::string(name), std::string(value));
  }
  return result;
}

const std::string* Cookies::Find(absl::string_view name) const {
  for (const auto& [cookie, value] : cookies_) {
    if (cookie == name) return &value;
  }
  return nullptr;
}

std::string CookieName(absl::string_view name, const CookieSettings& settings) {
  return absl::StrCat(settings.secure ? "__Host-" : "", name);
}

absl::StatusOr<std::string> SetCookie(const NewCookie& cookie, const CookieSettings& settings) {
  const std::string name = CookieName(cookie.name, settings);
  if (!IsToken(cookie.name) || !IsCookieValue(cookie.value) ||
      name.size() + cookie.value.size() > kMaxCookie) {
    return absl::InvalidArgumentError("not a cookie name and value");
  }
  const int64_t max_age = std::max<int64_t>(0, absl::ToInt64Seconds(cookie.max_age));
  return absl::StrCat(name, "=", cookie.value, "; Path=/; Max-Age=", max_age, "; SameSite=Lax",
                      settings.secure ? "; Secure" : "", cookie.http_only ? "; HttpOnly" : "");
}

}  // namespace rostrum::http
