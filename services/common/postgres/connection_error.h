#pragma once

#include <string>

namespace rostrum {

// The kind of a connection failure as one word for the log ("refused"), found in libpq's
// text. The text itself is not logged, because it names addresses and users.
std::string ConnectionErrorKind(const std::string& text);

}  // namespace rostrum
