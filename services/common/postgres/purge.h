#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/postgres/pool.h"

namespace rostrum {

// Deletes the rows of `table` whose `column`, a time with an index, is `until` or earlier, and
// that meet `condition`, in SQL; the oldest first, in transactions of its own. In steps, so that
// none takes longer than a statement may; of a long pause it leaves some for the next time. Any
// number of replicas may do it at once.
absl::Status Purge(PgPool& pool, const std::string& table, const std::string& column,
                   absl::Time until, const std::string& condition = "true");

}  // namespace rostrum
