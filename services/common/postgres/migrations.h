#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/base/embedded_file.h"
#include "services/common/postgres/pool.h"

namespace rostrum {

// Numbered migrations, applied in order, by one process at a time however many try. Each is
// recorded with a checksum: a file that changed after it was applied is FAILED_PRECONDITION.
//
// A migration runs in a transaction of its own. A file whose first line is "-- no transaction"
// runs statement by statement (each ends a line with ";"), for CREATE INDEX CONCURRENTLY; if
// one fails, all are run again, so each must be repeatable.
//
// `set` separates the shared tables ("common") from the service's own.
struct MigrationSet {
  std::string name;
  std::vector<EmbeddedFile> files;  // 0001_name.sql, 0002_...
};

// Applies what is missing; returns how many were applied.
absl::StatusOr<int> Migrate(const PgOptions& options, const std::vector<MigrationSet>& sets);
// True if the schema is at least what these sets need.
absl::StatusOr<bool> IsMigrated(PgPool& pool, const std::vector<MigrationSet>& sets);

}  // namespace rostrum
