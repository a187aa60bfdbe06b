#pragma once

#include <optional>

#include "rostrum/subscription/v1/access_service.pb.h"
#include "rostrum/subscription/v1/trial_service.pb.h"
#include "services/subscription/entitlement.h"
#include "services/subscription/meter.h"
#include "services/subscription/offer_book.h"
#include "services/subscription/trial_store.h"

namespace rostrum::subscription {

namespace pb = rostrum::subscription::v1;

// Converts entitlements, meter, offers and trials to protos; nothing else does.

pb::AccessReason ToProto(Entitlement::Reason reason);
pb::Entitlement ToProto(const std::optional<Entitlement>& entitlement);
// The state is derived from the free reads that are left. `returning` is shown as a
// greeting.
pb::Meter ToProto(const MeterReading& reading, const MeterSettings& settings, bool returning,
                  absl::Time now);
pb::Offer ToProto(const Offer& offer, absl::Duration trial_duration, absl::Time now);
pb::Trial ToProto(const Trial& trial, absl::Time now);

}  // namespace rostrum::subscription
