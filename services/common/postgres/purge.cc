#include "services/common/postgres/purge.h"

#include "absl/strings/substitute.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum {
namespace {

// The outer statement repeats the condition for rows that were locked by another transaction:
// PostgreSQL releases of before the end of 2025 do not check the ctid of such rows again.
constexpr char kPurge[] = R"sql(
  DELETE FROM $0 WHERE ($2) AND ctid = ANY (ARRAY(
    SELECT ctid FROM $0 WHERE $1 <= $$1 AND ($2) ORDER BY $1 LIMIT 10000)))sql";
constexpr int kSteps = 100;

}  // namespace

absl::Status Purge(PgPool& pool, const std::string& table, const std::string& column,
                   absl::Time until, const std::string& condition) {
  const std::string sql = absl::Substitute(kPurge, table, column, condition);
  bool more = true;
  for (int step = 0; more && step < kSteps; ++step) {
    ASSIGN_OR_RETURN(more, RunTx<bool>(pool, [&](Transaction& tx) -> absl::StatusOr<bool> {
                       return tx.Exec(sql, SqlTime(until)).affected_rows() > 0;
                     }));
  }
  return absl::OkStatus();
}

}  // namespace rostrum
