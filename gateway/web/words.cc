#include "gateway/web/words.h"

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "services/common/base/log.h"

namespace rostrum::gateway {

absl::StatusOr<Words> Words::Parse(const std::string& catalogue) {
  Words words;
  for (const absl::string_view line : absl::StrSplit(catalogue, '\n')) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text[0] == '#') continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(text, absl::MaxSplits(" = ", 1));
    if (parts.first.empty() || parts.second.empty() ||
        !words.texts_.emplace(parts.first, parts.second).second) {
      return absl::InvalidArgumentError(absl::StrCat("not a line of words: ", text));
    }
  }
  return words;
}

const std::string& Words::Get(absl::string_view name) const {
  const auto found = texts_.find(name);
  if (found == texts_.end()) {
    LogError("the catalogue has no such word", {{"name", name}});
    std::abort();
  }
  return found->second;
}

std::string Words::Format(absl::string_view name, const Places& places) const {
  std::string text = Get(name);
  for (const auto& [place, value] : places) {
    text = absl::StrReplaceAll(text, {{absl::StrCat("{", place, "}"), value}});
  }
  return text;
}

std::string Words::Count(absl::string_view name, int64_t count) const {
  return Format(absl::StrCat(name, count == 1 ? "_ONE" : "_OTHER"),
                {{"count", absl::StrCat(count)}});
}

}  // namespace rostrum::gateway
