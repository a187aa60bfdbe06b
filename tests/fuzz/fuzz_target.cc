#include "tests/fuzz/fuzz_target.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/escaping.h"

namespace rostrum::fuzz {

#ifndef ROSTRUM_FUZZ
std::vector<std::pair<std::string, Target>>& Targets() {
  static auto* const targets = new std::vector<std::pair<std::string, Target>>();
  return *targets;
}
#endif

void Fail(const char* file, int line, const char* condition, absl::string_view value) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n  \"%s\"\n", file, line, condition,
               absl::CHexEscape(value).c_str());
  std::abort();
}

absl::string_view TakeLine(absl::string_view& input) {
  const size_t end = input.find('\n');
  const absl::string_view line = input.substr(0, end);
  input.remove_prefix(end == absl::string_view::npos ? input.size() : end + 1);
  return line;
}

}  // namespace rostrum::fuzz
