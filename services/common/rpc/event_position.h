#pragma once

#include <optional>

#include "absl/status/status.h"
#include "rostrum/event/v1/event_service.pb.h"

namespace rostrum {

// No service has this epoch. A pull from it fails with EPOCH_CHANGED, whose metadata has
// the positions to begin at.
inline constexpr char kNoEpoch[] = "00000000-0000-0000-0000-000000000000";

// The path of PullEvents, the same at every service.
inline constexpr char kPullEventsPath[] = "/rostrum.event.v1.EventService/PullEvents";

// The positions from which a consumer can continue whose own position is of no use.
struct ResumePoints {
  // For a consumer that reads a snapshot now: the snapshot has all events before this.
  event::v1::Position after_snapshot;
  event::v1::Position before_first;  // before the first event that is kept
};

// From the metadata of EPOCH_CHANGED and POSITION_PURGED; nullopt for any other
// status.
std::optional<ResumePoints> ResumePointsIn(const absl::Status& status);

}  // namespace rostrum
