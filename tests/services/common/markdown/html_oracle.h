#pragma once

#include <string>

namespace rostrum {

// Parses HTML as a browser would (gumbo) and says what is in it that the
// renderer may not write: an element, an attribute or a URL off the list. Empty
// if all is well.
std::string FindForbidden(const std::string& html);

}  // namespace rostrum
