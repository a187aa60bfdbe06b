#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/postgres/pool.h"

namespace rostrum::account {

// Deletes rows that are no longer needed: sign-ups a day after they expired, sessions,
// links and access tokens that ended, finished mails after a week. An error of one table
// does not stop the others; the first one is returned. Any number of replicas may call it
// at once.
absl::Status CleanUp(PgPool& pool, absl::Duration session_idle, absl::Time now);

}  // namespace rostrum::account
