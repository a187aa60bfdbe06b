#pragma once

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace rostrum {

// UTF-8 as RFC 3629 has it: no surrogates, no overlong forms.

// Reads the code point that `text` begins with. Returns its length in bytes, or
// 0 if there is none.
size_t DecodeUtf8(absl::string_view text, char32_t* code_point);

// The longest beginning of at most `max_bytes` that cuts no code point apart.
absl::string_view TruncateUtf8(absl::string_view text, size_t max_bytes);

// The number of code points, or nullopt if `text` is not valid.
std::optional<size_t> CountCodePoints(absl::string_view text);

// True if `text` is valid and holds no NUL, which PostgreSQL cannot keep.
bool IsCleanUtf8(absl::string_view text);

}  // namespace rostrum
