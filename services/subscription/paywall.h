#pragma once

#include <string>
#include <vector>

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
  struct Question {
    Reader reader;
    PostId post_id;
    pb::AccessLevel level;
  };
  // UNAVAILABLE if the account may have a right that cannot be looked up now.
  absl::StatusOr<pb::ReadingAccess> Decide(const Question& question, Mode mode);
  // Each as if asked alone, in this order; fails as a whole.
  absl::StatusOr<std::vector<pb::ReadingAccess>> DecideAll(const std::vector<Question>& questions,
                                                           Mode mode);

  // Where the reader stands, of no post in particular. UNAVAILABLE.
  // With kRead an offer starts where none stands.
  absl::StatusOr<pb::ReadingAccess> Look(const Reader& reader, Mode mode = Mode::kPeek);

 private:
  absl::StatusOr<Standing> StandingOf(const Reader& reader, absl::Time now);
  // A decision in the making.
  struct Case {
    const Reader& reader;
    const PostId& post_id;
    pb::ReadingAccess access;
    bool metered = false;
    bool had_trial = false;
  };
  // All that needs no meter.
  absl::Status Open(Case& decision, pb::AccessLevel level, absl::Time now);
  // Asks the meter about those that are metered and fills in what it says.
  absl::Status Measure(std::vector<Case>& cases, Mode mode, absl::Time now);
  absl::StatusOr<std::vector<MeterReading>> AskMeter(const std::vector<Case*>& cases, Mode mode);
  void FillIn(const MeterReading& reading, absl::Time now, Case& decision);
  // Adds offers where they are due. With Redis away, or when too many began in the
  // network, there are none: the wall stands without.
  void AddOffers(const std::vector<Case*>& cases, Mode mode, absl::Time now);
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
