#include "services/common/base/ids.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"

namespace rostrum {

std::string NewUuid(absl::Time now) {
  std::string bytes = RandomBytes(16);
  const auto milliseconds = static_cast<uint64_t>(absl::ToUnixMillis(now));
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<char>(milliseconds >> (40 - 8 * i));
  bytes[6] = static_cast<char>(0x70 | (bytes[6] & 0x0F));  // version 7
  bytes[8] = static_cast<char>(0x80 | (bytes[8] & 0x3F));  // variant of RFC 9562
  std::string uuid = Hex(bytes);
  for (size_t dash : {8, 13, 18, 23}) uuid.insert(dash, 1, '-');
  return uuid;
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    if (dash ? c != '-' : !absl::ascii_isxdigit(c) || absl::ascii_isupper(c)) return false;
  }
  return true;
}

absl::Status CheckUuid(absl::string_view text, absl::string_view field) {
  if (IsUuid(text)) return absl::OkStatus();
  return InvalidField(field, "INVALID_ID", "must be a UUID in lower case");
}

}  // namespace rostrum
