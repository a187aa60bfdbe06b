#include "gateway/http/response_head.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::http {

// "STATUS", then "name: value" lines: a head holds each field in one line of
// its own, and nothing of them ends it before its end.
FUZZ_TARGET(response_head) {
  int status = 200;
  if (!absl::SimpleAtoi(fuzz::TakeLine(input), &status)) status = 200;
  HttpHeaders headers;
  // Fields end with NUL here, so that names and values may break lines.
  for (const absl::string_view field : absl::StrSplit(input, '\0', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(field, absl::MaxSplits(": ", 1));
    headers.Add(parts.first, parts.second);
  }
  const std::string head =
      ResponseHead(status, headers, {.content_length = 5, .keep_alive = headers.size() % 2 == 0});
  if (head.empty()) return;
  REQUIRE(status >= 200 && status <= 599, head);
  REQUIRE(head.find("\r\n\r\n") == head.size() - 4, head);
  std::vector<std::string> lines = absl::StrSplit(head, "\r\n");
  REQUIRE(absl::StartsWith(lines[0], "HTTP/1.1 "), head);
  int lengths = 0;
  for (size_t i = 1; i + 2 < lines.size(); ++i) {
    const std::string name = lines[i].substr(0, lines[i].find(": "));
    REQUIRE(IsToken(name), lines[i]);
    REQUIRE(lines[i].find_first_of("\r\n") == std::string::npos, lines[i]);
    if (absl::EqualsIgnoreCase(name, "content-length")) ++lengths;
    REQUIRE(!absl::EqualsIgnoreCase(name, "transfer-encoding"), head);
    REQUIRE(headers.Has(name) || name == "Date" || name == "Content-Length" || name == "Connection",
            name);
  }
  REQUIRE(lengths == 1, head);
}

}  // namespace rostrum::http
