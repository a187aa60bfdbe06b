#include "services/common/events/event_log.h"

#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum {
namespace {

constexpr int kMaxEvents = 500;
// A batch ends with the event that reaches this size, far below the largest message that a
// consumer accepts. The remaining rows are read again for the next batch.
constexpr size_t kMaxBytes = 4 << 20;

// The epoch, the purge position and the position of the last event that can be read.
constexpr char kState[] = R"sql(
  SELECT epoch, purged_xid, purged_id, coalesce(last.xid, purged_xid), coalesce(last.id, purged_id)
  FROM outbox_epoch
  LEFT JOIN LATERAL (
    SELECT xid, id FROM outbox WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid DESC, id DESC LIMIT 1) AS last ON true)sql";

constexpr char kRead[] = R"sql(
  SELECT xid, id, event_id, type, key, payload, traceparent, create_time
  FROM outbox
  WHERE (xid, id) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY xid, id LIMIT $3)sql";

constexpr char kIsPurged[] =
    "SELECT (purged_xid, purged_id) > ($1::xid8, $2::bigint) FROM outbox_epoch";

constexpr char kIsLast[] =
    "SELECT NOT EXISTS (SELECT FROM outbox WHERE (xid, id) > ($1::xid8, $2::bigint))";

uint64_t ReadXid(const pqxx::field& field) {
  uint64_t xid = 0;
  if (!absl::SimpleAtoi(field.c_str(), &xid)) throw std::runtime_error("not an xid8");
  return xid;
}

// All transactions below the snapshot's horizon (xmin) have ended, so a consumer that reads a
// snapshot now and continues after the last event below the horizon misses nothing. It must
// not continue from the horizon itself: after a crash the last transaction ids may be
// assigned again.
absl::Status GoOnFrom(absl::string_view reason, absl::string_view message, const pqxx::row& state) {
  return Error(absl::StatusCode::kFailedPrecondition, reason, message,
               {{"epoch", ReadText(state[0])},
                {"xid", ReadText(state[3])},
                {"id", ReadText(state[4])},
                {"purged_xid", ReadText(state[1])},
                {"purged_id", ReadText(state[2])}});
}

absl::Status Purged(const pqxx::row& state) {
  return GoOnFrom("POSITION_PURGED", "events after the position are no longer kept", state);
}

}  // namespace

absl::StatusOr<event::v1::Position> EventLog::Begin(const event::v1::PullEventsRequest& request) {
  return RunQuery<event::v1::Position>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<event::v1::Position> {
        const pqxx::row state = tx.exec1(kState);
        const std::string epoch = ReadText(state[0]);
        const auto purged = std::make_tuple(ReadXid(state[1]), state[2].as<int64_t>());
        event::v1::Position position = request.after();
        if (!position.epoch().empty() && position.epoch() != epoch) {
          return GoOnFrom("EPOCH_CHANGED", "the database is another one", state);
        }
        if (std::make_tuple(position.xid(), position.id()) < purged) {
          return Purged(state);
        }
        position.set_epoch(epoch);
        return position;
      });
}

absl::StatusOr<event::v1::PullEventsResponse> EventLog::Read(const event::v1::Position& after,
                                                             const std::vector<std::string>& types,
                                                             bool* more) {
  return RunRead<event::v1::PullEventsResponse>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<event::v1::PullEventsResponse> {
        event::v1::PullEventsResponse batch;
        *batch.mutable_position() = after;
        const pqxx::result rows = tx.Exec(kRead, absl::StrCat(after.xid()), after.id(), kMaxEvents);
        // A consumer that is days behind may be overtaken by the purge while it reads.
        if (tx.ExecOne(kIsPurged, absl::StrCat(after.xid()), after.id())[0].as<bool>()) {
          return Purged(tx.exec1(kState));
        }
        if (more != nullptr) *more = static_cast<int>(rows.size()) == kMaxEvents;
        size_t bytes = 0;
        for (const pqxx::row& row : rows) {
          if (bytes >= kMaxBytes) {
            if (more != nullptr) *more = true;
            break;
          }
          batch.mutable_position()->set_xid(ReadXid(row[0]));
          batch.mutable_position()->set_id(row[1].as<int64_t>());
          const std::string type = ReadText(row[3]);
          if (!types.empty() && std::find(types.begin(), types.end(), type) == types.end())
            continue;
          event::v1::Event* event = batch.add_events();
          event->set_event_id(ReadText(row[2]));
          *event->mutable_position() = batch.position();
          event->set_key(ReadText(row[4]));
          event->mutable_payload()->set_type_url(absl::StrCat("type.googleapis.com/", type));
          event->mutable_payload()->set_value(ReadBytes(row[5]));
          event->set_traceparent(ReadText(row[6]));
          *event->mutable_create_time() = ToProtoTime(ReadTime(row[7]));
          bytes += event->ByteSizeLong();
        }
        return batch;
      });
}

absl::StatusOr<bool> EventLog::IsLast(const event::v1::Position& position) {
  return RunQuery<bool>(pool_, [&](Transaction& tx) -> absl::StatusOr<bool> {
    return tx.ExecOne(kIsLast, absl::StrCat(position.xid()), position.id())[0].as<bool>();
  });
}

}  // namespace rostrum
