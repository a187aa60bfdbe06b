#include <string>

#include "services/common/base/local_path.h"
#include "services/common/base/utf8.h"
#include "services/common/markdown/html_writer.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum {
namespace {

// Where a browser goes from a page of https://here.example, by the URL standard
// as far as it decides the host: blanks around and tabs and line breaks within
// are dropped, a backslash is a slash.
bool StaysHere(absl::string_view text) {
  std::string url;
  for (const char c : text) {
    if (c != '\t' && c != '\n' && c != '\r') url.push_back(c == '\\' ? '/' : c);
  }
  const size_t begin = url.find_first_not_of(std::string("\0 ", 2));
  url.erase(0, std::min(begin, url.size()));
  return url.empty() || (url[0] == '/' && (url.size() == 1 || url[1] != '/'));
}

}  // namespace

// A path to go back to never leads to another site, nor out of its header.
FUZZ_TARGET(return_path) {
  FieldChecks checks;
  CheckReturnPath(checks, std::string(input), "return_path");
  if (checks.status().ok()) {
    REQUIRE(StaysHere(input), input);
    REQUIRE(IsCleanUtf8(input), input);
    REQUIRE(input.find_first_of("\r\n") == absl::string_view::npos, input);
  }
  // Links of texts: local ones stay, others say a scheme that runs nothing.
  if (IsAllowedLink(input) && input[0] == '/') REQUIRE(StaysHere(input), input);
  if (IsOwnPicture(input)) REQUIRE(StaysHere(input) && IsAllowedLink(input), input);
}

}  // namespace rostrum
