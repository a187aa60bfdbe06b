#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum::gateway {

enum class Decoding {
  kSegment,       // one path segment: everything
  kManySegments,  // several: everything but %2F, which would become a separator
  kQuery,         // a query name or value: everything, and '+' is a space
};

// Undoes percent-encoding. INVALID_ARGUMENT / INVALID_ENCODING for a '%' that
// is not followed by two hex digits, and for what decodes to NUL or to
// something that is not UTF-8.
absl::StatusOr<std::string> PercentDecode(absl::string_view text, Decoding decoding);

}  // namespace rostrum::gateway
