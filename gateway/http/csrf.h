#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gateway/http/request_head.h"

namespace rostrum::http {

// "https://example.org[:port]" in the form in which browsers send it: lower
// case, no default port. INVALID_ARGUMENT if it is anything else.
absl::StatusOr<std::string> ParseOrigin(absl::string_view text);

// Refuses requests that another site may have made the browser send. OK, or
// PERMISSION_DENIED / CROSS_SITE_REQUEST:
//   - GET, HEAD and OPTIONS change nothing and pass;
//   - a bearer token without cookie credentials passes: no browser adds one;
//   - Sec-Fetch-Site must be same-origin or none;
//   - without it, Origin must be one of `origins` (scheme included);
//   - without both, a request with cookie credentials is refused. One without any
//     credentials passes (a program that signs up or logs in); a browser sends one of
//     the two headers, so another site cannot log its visitor in (login CSRF).
absl::Status CheckCsrf(absl::string_view method, const HttpHeaders& headers,
                       const std::vector<std::string>& origins, bool has_cookie_credentials);

}  // namespace rostrum::http
