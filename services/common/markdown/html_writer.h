#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace rostrum {

// Escapes text for HTML content and double-quoted attributes.
void AppendEscaped(absl::string_view text, std::string& out);

// True if a link may stand in rendered text: http, https, mailto, a local path
// ("/p/x", not "//host") or a fragment.
bool IsAllowedLink(absl::string_view url);

// True for a picture that content serves: "/v1/media/<uuid>", with or without a width.
bool IsOwnPicture(absl::string_view url);

}  // namespace rostrum
