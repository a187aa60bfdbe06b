#include "gateway/transcoding/percent_decoding.h"

#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum::gateway {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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
    const int high = i + 1 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) return BadEncoding("the URL has a '%' without two hex digits");
    const char byte = static_cast<char>(high * 16 + low);
    if (byte == '/' && decoding == Decoding::kManySegments) {
      out.append(text.data() + i, 3);
    } else {
      out.push_back(byte);
    }
    i += 2;
  }
  if (!IsCleanUtf8(out)) return BadEncoding("the URL is not UTF-8, or holds a NUL");
  return out;
}

}  // namespace rostrum::gateway
