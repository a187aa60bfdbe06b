#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pqxx/pqxx"
#include "rostrum/event/v1/event_service.pb.h"
#include "services/common/postgres/pool.h"

namespace rostrum {

// Reads a service's outbox in the order of (xid, id), where xid is the id of the writing
// transaction. It never reads past a transaction that is still open, so a row with a
// smaller id that is committed later is not skipped.
class EventLog {
 public:
  explicit EventLog(PgPool& pool) : pool_(pool) {}

  // The position at which a pull begins: that of the request, or before all events if the
  // request has none. FAILED_PRECONDITION / EPOCH_CHANGED or POSITION_PURGED if the
  // request's position is of no use; the positions to continue from are in the metadata
  // (ResumePointsIn).
  absl::StatusOr<event::v1::Position> Begin(const event::v1::PullEventsRequest& request);

  // At most 500 events after a position, only of `types` if any are given. The position of
  // the batch is after the events that were filtered out, too. `more` is set to whether
  // there may be further events at this moment.
  absl::StatusOr<event::v1::PullEventsResponse> Read(const event::v1::Position& after,
                                                     const std::vector<std::string>& types,
                                                     bool* more = nullptr);

  // Whether there is no event after a position, not even one that cannot be read yet
  // because an older transaction is still open.
  absl::StatusOr<bool> IsLast(const event::v1::Position& position);

 private:
  PgPool& pool_;
};

}  // namespace rostrum
