#include "services/common/markdown/html_writer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "services/common/base/ids.h"

namespace rostrum {
namespace {

constexpr absl::string_view kMediaPath = "/v1/media/";
constexpr absl::string_view kWidthParameter = "?width=";

bool AllDigits(absl::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return true;
}

}  // namespace

void AppendEscaped(absl::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
}

bool IsAllowedLink(absl::string_view url) {
  if (url.empty() || url.size() > 2048) return false;
  for (const char c : url) {
    // Browsers drop control characters and read a backslash as a slash.
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '\\') return false;
  }
  if (url[0] == '#') return true;
  if (url[0] == '/') return url.size() < 2 || url[1] != '/';
  return absl::StartsWithIgnoreCase(url, "https://") ||
         absl::StartsWithIgnoreCase(url, "http://") || absl::StartsWithIgnoreCase(url, "mailto:");
}

bool IsOwnPicture(absl::string_view url) {
  if (!absl::StartsWith(url, kMediaPath)) return false;
  url.remove_prefix(kMediaPath.size());
  constexpr size_t kUuidLength = 36;
  if (!IsUuid(url.substr(0, kUuidLength))) return false;
  url.remove_prefix(kUuidLength);
  if (url.empty()) return true;
  return absl::StartsWith(url, kWidthParameter) && AllDigits(url.substr(kWidthParameter.size()));
}

}  // namespace rostrum
