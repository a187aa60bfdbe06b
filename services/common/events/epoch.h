#pragma once

#include "absl/status/status.h"
#include "services/common/postgres/pool.h"

namespace rostrum {

// To be called once after a database was restored from a backup, before it is
// served: begins a new epoch of its events, so that all who consume them read
// what they missed or what is no longer true. The events that the backup kept are
// told again, in their order, under transaction ids of this server: those of the
// former one mean nothing here.
absl::Status BeginEpoch(PgPool& pool);

}  // namespace rostrum
