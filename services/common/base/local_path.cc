#include "services/common/base/local_path.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "services/common/base/utf8.h"

namespace rostrum {
namespace {

bool IsLocalPath(absl::string_view path) {
  if (path.empty()) return true;
  if (path[0] != '/') return false;
  // "//host" and, to browsers, "/\host" are other sites; they also drop tabs
  // and line breaks before they look.
  if (path.size() > 1 && path[1] == '/') return false;
  return std::none_of(path.begin(), path.end(),
                      [](char c) { return c == '\\' || absl::ascii_iscntrl(c) || c == ' '; });
}

}  // namespace

void CheckReturnPath(FieldChecks& checks, const std::string& path, absl::string_view field) {
  const size_t characters = CountCodePoints(path).value_or(kMaxReturnPath + 1);
  checks.Require(characters <= kMaxReturnPath && IsLocalPath(path), field, "INVALID_PATH",
                 "must be a path on this site, such as /p/some-post");
}

}  // namespace rostrum
