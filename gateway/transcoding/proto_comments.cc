#include "gateway/transcoding/proto_comments.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace rostrum::gateway {

std::string ReflowComment(absl::string_view comment) {
  std::string out;
  bool new_paragraph = false;
  for (absl::string_view line : absl::StrSplit(comment, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) {
      new_paragraph = !out.empty();
      continue;
    }
    const bool is_item = absl::StartsWith(line, "- ") || absl::StartsWith(line, "* ");
    if (!out.empty()) absl::StrAppend(&out, new_paragraph ? "\n\n" : is_item ? "\n" : " ");
    absl::StrAppend(&out, line);
    new_paragraph = false;
  }
  return out;
}

std::string FirstSentence(absl::string_view comment) {
  absl::string_view first = comment.substr(0, comment.find("\n\n"));
  const size_t stop = first.find(". ");
  if (stop != absl::string_view::npos) first = first.substr(0, stop);
  absl::ConsumeSuffix(&first, ".");
  return std::string(first);
}

}  // namespace rostrum::gateway
