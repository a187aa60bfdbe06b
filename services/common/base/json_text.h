#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace rostrum {

// Appends `text` as a JSON string (RFC 8259) with its quotes. Bytes that are not UTF-8
// become U+FFFD.
void AppendJsonString(std::string& out, absl::string_view text);
std::string JsonString(absl::string_view text);

}  // namespace rostrum
