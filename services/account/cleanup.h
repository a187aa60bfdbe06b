#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/postgres/pool.h"

namespace rostrum::account {

// Deletes what is of no use any more: sign-ups a day after they expired,
// sessions, links and access tokens that ended, finished mails after a week. Each
// table by itself: returns the first error when all were tried. Any number of
// replicas may do it at once.
absl::Status CleanUp(PgPool& pool, absl::Duration session_idle, absl::Time now);

}  // namespace rostrum::account
