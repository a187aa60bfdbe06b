#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rostrum {

// Refuses Markdown that cmark-gfm would take long to parse, before it is parsed: some of its
// time grows with the square of what few letters make. What passes takes at most about
// a second at 128 KiB, and mostly some milliseconds. INVALID_ARGUMENT naming `field`: TOO_LONG,
// INVALID_UTF8, TOO_COMPLEX.
absl::Status CheckMarkdownSource(absl::string_view source, size_t max_bytes,
                                 absl::string_view field);

}  // namespace rostrum
