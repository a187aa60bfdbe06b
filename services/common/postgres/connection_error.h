#pragma once

#include <string>

namespace rostrum {

// What kind of failure libpq tells of a connection, in a word for the log ("refused"):
// its own text names addresses and users.
std::string ConnectionErrorKind(const std::string& text);

}  // namespace rostrum
