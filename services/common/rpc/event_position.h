#pragma once

#include <optional>

#include "absl/status/status.h"
#include "rostrum/event/v1/event_service.pb.h"

namespace rostrum {

// No service has this epoch: asking for it tells where the end is.
inline constexpr char kNoEpoch[] = "00000000-0000-0000-0000-000000000000";

// Of the stream of events, the same at every service.
inline constexpr char kPullEventsPath[] = "/rostrum.event.v1.EventService/PullEvents";

// Where a consumer whose position is gone can go on.
struct ResumePoints {
  event::v1::Position after_snapshot;  // one that is read from now on holds all before
  event::v1::Position before_first;    // before the first event that is kept
};

// From the metadata of EPOCH_CHANGED and POSITION_PURGED; nullopt for any other
// status.
std::optional<ResumePoints> ResumePointsIn(const absl::Status& status);

}  // namespace rostrum
