#include "gateway/http/csrf.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gateway/http/head_policy.h"
#include "services/common/base/status.h"

namespace rostrum::http {
namespace {

absl::Status CrossSite(absl::string_view message = "this request must come from the site itself") {
  return Error(absl::StatusCode::kPermissionDenied, "CROSS_SITE_REQUEST", message);
}

}  // namespace

absl::StatusOr<std::string> ParseOrigin(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  absl::string_view host = lower;
  const bool https = absl::ConsumePrefix(&host, "https://");
  if (!https && !absl::ConsumePrefix(&host, "http://")) {
    return absl::InvalidArgumentError("an origin starts with https:// or http://");
  }
  if (!IsValidHost(host)) {
    return absl::InvalidArgumentError("an origin is a scheme, a host and a port, no path");
  }
  absl::ConsumeSuffix(&host, https ? ":443" : ":80");
  return absl::StrCat(https ? "https://" : "http://", host);
}

absl::Status CheckCsrf(absl::string_view method, const HttpHeaders& headers,
                       const std::vector<std::string>& origins, bool has_cookie_credentials) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return absl::OkStatus();
  const std::string* authorization = headers.Find("authorization");
  const bool bearer =
      authorization != nullptr && absl::StartsWithIgnoreCase(*authorization, "bearer ");
  if (bearer && !has_cookie_credentials) return absl::OkStatus();

  if (const std::string* site = headers.Find("sec-fetch-site")) {
    return *site == "same-origin" || *site == "none" ? absl::OkStatus() : CrossSite();
  }
  if (const std::string* origin = headers.Find("origin")) {
    const bool ours = std::find(origins.begin(), origins.end(), *origin) != origins.end();
    return ours ? absl::OkStatus() : CrossSite();
  }
  if (!has_cookie_credentials) return absl::OkStatus();
  return CrossSite("with a session cookie this needs the header Origin, with the site's address");
}

}  // namespace rostrum::http
