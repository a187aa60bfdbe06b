#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "gateway/http/request_head.h"

namespace rostrum::http {

// How the client finds the end of the answer.
struct ResponseFraming {
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  // The client's version, which decides whether a keep-alive header is needed.
  int minor_version = 1;
};

// Writes a status line and header fields. The fields of the framing and Date are made here;
// those in `headers` are left out. Empty if a field would corrupt the head (a name that is
// no token, a control character in a value) or the status is not 200 to 599.
std::string ResponseHead(int status, const HttpHeaders& headers, const ResponseFraming& framing);

absl::string_view ReasonPhrase(int status);

}  // namespace rostrum::http
