#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/base/embedded_file.h"

namespace rostrum::gateway {

// A table, a key in Redis or a cookie, as /privacy/ledger shows it.
struct LedgerEntry {
  enum class Kind { kTable, kRedisKey, kCookie };
  struct Columns {
    std::string names;  // "email, email_lower"
    std::string meaning;
  };

  Kind kind = Kind::kTable;
  std::string name;
  std::string meaning;
  std::string kept;              // how long
  std::vector<Columns> columns;  // of a table, at least one; none otherwise
};

// What one program stores.
struct Ledger {
  std::string program;  // "account"; "common" for what every service has
  std::vector<LedgerEntry> entries;
};

// Parses files named "<program>.ledger". Their lines are, beside comments (#) and empty ones:
//   table NAME | what a row is | how long a row is kept
//   COLUMN, COLUMN | what they hold          (columns of the table above)
//   redis KEY | what it holds | how long a key is kept
//   cookie NAME | what it holds | how long browsers keep it
// INVALID_ARGUMENT names the file and the line that is malformed.
absl::StatusOr<std::vector<Ledger>> ParseLedgers(const std::vector<EmbeddedFile>& files);

}  // namespace rostrum::gateway
