#pragma once

#include <string>

namespace rostrum {

// The reason of the status that FromPg makes of a lock timeout.
inline constexpr char kRowLocked[] = "ROW_LOCKED";

// The upper-cased name of the constraint that an error message of PostgreSQL
// names, or empty: "ACCOUNTS_EMAIL_KEY".
std::string ConstraintName(const std::string& message);

}  // namespace rostrum
