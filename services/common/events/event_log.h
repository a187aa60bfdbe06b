#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pqxx/pqxx"
#include "rostrum/event/v1/event_service.pb.h"
#include "services/common/postgres/pool.h"

namespace rostrum {

// Reads a service's outbox in the order of (xid, id), never past a transaction
// that is still open: a row with a smaller id that commits later is not lost.
class EventLog {
 public:
  explicit EventLog(PgPool& pool) : pool_(pool) {}

  // Where a pull that asks for `after` (or for everything, if it has no epoch)
  // begins. FAILED_PRECONDITION / EPOCH_CHANGED or POSITION_PURGED, with the
  // place to go on from in the metadata.
  absl::StatusOr<event::v1::Position> Begin(const event::v1::PullEventsRequest& request);

  // At most 500 events after a position; only of `types`, if any are given. The
  // position of the batch moves past what was left out. `more` tells whether there
  // may be more at this moment.
  absl::StatusOr<event::v1::PullEventsResponse> Read(const event::v1::Position& after,
                                                     const std::vector<std::string>& types,
                                                     bool* more = nullptr);

  // Whether no event after a position is there, not even one that is held back.
  absl::StatusOr<bool> IsLast(const event::v1::Position& position);

 private:
  PgPool& pool_;
};

}  // namespace rostrum
