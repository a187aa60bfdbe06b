#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/postgres/pool.h"

namespace rostrum {

// Deletes the rows of `table` whose `column` (a time with an index) is not later than
// `until` and that meet `condition` (SQL), the oldest first, in transactions of its own.
// Deletes in steps, so that no statement takes too long; if very many rows are due, some
// are left for the next call. Any number of replicas may call it at once.
absl::Status Purge(PgPool& pool, const std::string& table, const std::string& column,
                   absl::Time until, const std::string& condition = "true");

}  // namespace rostrum
