#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "gateway/http/request_head.h"

namespace rostrum::http {

// The rules for request heads. Requests are smuggled where two parsers are lenient in
// different ways, so these functions read the raw bytes, accept one strict form and refuse
// everything else; README.md lists what and why. Pure functions.

struct HeadLimits {
  size_t head_bytes = 16 * 1024;  // request line, fields and the empty line
  size_t target_bytes = 8 * 1024;
  size_t fields = 64;
};

// Looks for the end of a head in what has been read so far, which starts at
// the head's first byte. `scanned` is how much earlier calls have looked at.
struct HeadScan {
  // Size of the head with its empty line; 0 if it is not complete yet.
  size_t size = 0;
  // Set if the bytes cannot become a valid head, whatever follows.
  std::optional<Refusal> refusal;
};
HeadScan ScanHead(absl::string_view bytes, size_t scanned, const HeadLimits& limits);

// Reads a complete head into `head`, or says why it is refused (400, or 405,
// 413..., where one fits better). `head` is unspecified after a refusal.
std::optional<Refusal> CheckHead(absl::string_view raw, const HeadLimits& limits,
                                 RequestHead& head);

// True if `host` is a host with an optional port (RFC 9110, 7.2): a name, an
// IPv4 address or an IPv6 address in brackets.
bool IsValidHost(absl::string_view host);

}  // namespace rostrum::http
