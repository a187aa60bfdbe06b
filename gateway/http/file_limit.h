#pragma once

#include <cstdint>

namespace rostrum::http {

// Raises the limit on open descriptors (RLIMIT_NOFILE) to what the process may
// have, since each connection takes one. Returns the limit in force after.
int64_t RaiseFileLimit();

}  // namespace rostrum::http
