#include "services/common/events/epoch.h"

#include "services/common/postgres/transaction.h"

namespace rostrum {
namespace {

// All events are removed and inserted again, in the same order, so that all have the xid of
// this transaction: an old xid may be one that the restored database will assign again.
constexpr char kTakeOut[] = R"sql(
  CREATE TEMPORARY TABLE kept_events ON COMMIT DROP AS
  SELECT row_number() OVER (ORDER BY xid, id) AS number, event_id, type, key, payload, traceparent,
         create_time
  FROM outbox)sql";

constexpr char kPutIn[] = R"sql(
  INSERT INTO outbox (id, event_id, type, key, payload, traceparent, create_time)
  SELECT number, event_id, type, key, payload, traceparent, create_time FROM kept_events)sql";

constexpr char kNumberOn[] = R"sql(
  SELECT setval(pg_get_serial_sequence('outbox', 'id'), (SELECT count(*) + 1 FROM kept_events)))sql";

// If events were purged before, everything up to this transaction counts as purged.
constexpr char kRenew[] = R"sql(
  UPDATE outbox_epoch
  SET epoch = gen_random_uuid(),
      purged_xid = CASE WHEN purged_xid = '0'::xid8 THEN purged_xid
                        ELSE (pg_current_xact_id()::text::bigint - 1)::text::xid8 END,
      purged_id = CASE WHEN purged_xid = '0'::xid8 THEN 0 ELSE 9223372036854775807 END)sql";

}  // namespace

absl::Status BeginEpoch(PgPool& pool) {
  return RunTx(pool, [](Transaction& tx) -> absl::Status {
    tx.exec(kTakeOut);
    tx.exec("DELETE FROM outbox");
    tx.exec(kPutIn);
    tx.exec(kNumberOn);
    tx.exec(kRenew);
    return absl::OkStatus();
  });
}

}  // namespace rostrum
