#pragma once

#include "absl/status/status.h"
#include "services/common/postgres/pool.h"

namespace rostrum {

// Begins a new epoch of the events. Call it once after a database was restored from a
// backup, before the service runs again: every consumer then reads again what it missed or
// what is no longer true. The events in the backup are sent again in their order, with new
// transaction ids of this server, because the ids of the former server mean nothing here.
absl::Status BeginEpoch(PgPool& pool);

}  // namespace rostrum
