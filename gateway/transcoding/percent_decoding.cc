#include "gateway/transcoding/percent_decoding.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum::gateway {
namespace {

absl::Status BadEncoding(absl::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_ENCODING", what);
}

}  // namespace

absl::StatusOr<std::string> PercentDecode(absl::string_view text, Decoding decoding) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && decoding == Decoding::kQuery) {
      out.push_back(' ');
      continue;
    }
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size() || !absl::ascii_isxdigit(text[i + 1]) ||
        !absl::ascii_isxdigit(text[i + 2])) {
      return BadEncoding("the URL has a '%' without two hex digits");
    }
    const std::string byte = absl::HexStringToBytes(text.substr(i + 1, 2));
    if (byte == "/" && decoding == Decoding::kManySegments) {
      absl::StrAppend(&out, text.substr(i, 3));
    } else {
      out += byte;
    }
    i += 2;
  }
  if (!IsCleanUtf8(out)) return BadEncoding("the URL is not UTF-8, or holds a NUL");
  return out;
}

}  // namespace rostrum::gateway
