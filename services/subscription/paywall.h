#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/common/base/clock.h"
#include "services/common/base/metrics.h"
#include "services/subscription/access_proto.h"

namespace rostrum::subscription {

// Who wants to read.
struct Reader {
  AccountId account_id;  // empty for none
  VisitorPass pass;      // empty for none
  std::string network;
};

// Decides who may read what, and nothing else does: entitlement, else the free
// allocation, else no. Thread-safe.
class Paywall {
 public:
  Paywall(EntitlementStore& entitlements, Meter& meter, OfferBook& offers,
          const MeterSettings& settings, absl::Duration trial_duration, Clock& clock,
          Metrics& metrics);

  enum class Mode { kRead, kPeek };  // kPeek counts nothing and starts no offer
  // UNAVAILABLE if the account may have a right that cannot be looked up now.
  absl::StatusOr<pb::ReadingAccess> Decide(const Reader& reader, const PostId& post_id,
                                           pb::AccessLevel level, Mode mode);

  // Where the reader stands, of no post in particular. UNAVAILABLE.
  // With kRead an offer starts where none stands.
  absl::StatusOr<pb::ReadingAccess> Look(const Reader& reader, Mode mode = Mode::kPeek);

 private:
  absl::StatusOr<Standing> StandingOf(const Reader& reader, absl::Time now);
  // Asks the meter and fills in what it says.
  absl::Status Measure(const Reader& reader, const PostId& post_id, Mode mode, absl::Time now,
                       pb::ReadingAccess& access);
  // Adds the offer. With Redis away there is none; nothing depends on it.
  void AddOffer(const Reader& reader, Mode mode, absl::Time now, pb::ReadingAccess& access);
  void Count(const pb::ReadingAccess& access);

  EntitlementStore& entitlements_;
  Meter& meter_;
  OfferBook& offers_;
  const MeterSettings settings_;
  const absl::Duration trial_duration_;
  Clock& clock_;
  prometheus::Counter& free_;
  prometheus::Counter& ending_;
  prometheus::Counter& ended_;
  prometheus::Counter& network_limit_;
  prometheus::Counter& unavailable_;
};

}  // namespace rostrum::subscription
