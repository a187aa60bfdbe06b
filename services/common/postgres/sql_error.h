#pragma once

#include <string>

namespace rostrum {

// The upper-cased name of the constraint that an error message of PostgreSQL
// names, or empty: "ACCOUNTS_EMAIL_KEY".
std::string ConstraintName(const std::string& message);

}  // namespace rostrum
