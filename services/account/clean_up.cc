#include "services/account/clean_up.h"

#include "services/common/postgres/purge.h"

namespace rostrum::account {

absl::Status CleanUp(PgPool& pool, absl::Duration session_idle, absl::Time now) {
  const struct {
    const char* table;
    const char* column;
    absl::Time until;
  } ended[] = {
      {"sign_ups", "expire_time", now - absl::Hours(24)},
      {"one_time_tokens", "expire_time", now},
      {"sessions", "expire_time", now},
      // One hour more, because the time of use is noted as the start of its hour.
      {"sessions", "last_use_time", now - session_idle - absl::Hours(1)},
      {"access_tokens", "expire_time", now},
      {"mails", "finish_time", now - absl::Hours(24 * 7)},
  };
  absl::Status status;
  // All are done, even if one fails.
  for (const auto& [table, column, until] : ended) {
    status.Update(Purge(pool, table, column, until));
  }
  return status;
}

}  // namespace rostrum::account
