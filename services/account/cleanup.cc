#include "services/account/cleanup.h"

#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {

absl::Status CleanUp(PgPool& pool, absl::Duration session_idle, absl::Time now) {
  const std::string day_ago = SqlTime(now - absl::Hours(24));
  return RunTx(pool, [&](Transaction& tx) {
    tx.Exec("DELETE FROM sign_ups WHERE expire_time <= $1", day_ago);
    tx.Exec("DELETE FROM one_time_tokens WHERE expire_time <= $1", SqlTime(now));
    // An hour more: uses are noted to the hour.
    tx.Exec("DELETE FROM sessions WHERE expire_time <= $1 OR last_use_time <= $2", SqlTime(now),
            SqlTime(now - session_idle - absl::Hours(1)));
    tx.Exec("DELETE FROM access_tokens WHERE expire_time <= $1", SqlTime(now));
    tx.Exec("DELETE FROM mails WHERE finish_time <= $1", SqlTime(now - absl::Hours(24 * 7)));
    return absl::OkStatus();
  });
}

}  // namespace rostrum::account
