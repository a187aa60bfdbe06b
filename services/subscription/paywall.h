#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/base/clock.h"
#include "services/common/base/metrics.h"
#include "services/subscription/access_proto.h"

namespace rostrum::subscription {

// A person who asks for a post.
struct Reader {
  AccountId account_id;  // empty for none
  VisitorPass pass;      // empty for none
  std::string network;
};

// Decides who may read what; nothing else does. An entitlement grants it, else a free read,
// else it is refused. Thread-safe.
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
  // UNAVAILABLE if the account may have an entitlement that cannot be looked up now.
  absl::StatusOr<pb::ReadingAccess> Decide(const Question& question, Mode mode);
  // Decides each as if alone, in this order; an error is that of the whole.
  absl::StatusOr<std::vector<pb::ReadingAccess>> DecideAll(const std::vector<Question>& questions,
                                                           Mode mode);

  // The state of entitlement, meter and offer, without a post. With kRead, an offer is
  // started if there is none. UNAVAILABLE.
  absl::StatusOr<pb::ReadingAccess> Look(const Reader& reader, Mode mode = Mode::kPeek);

 private:
  absl::StatusOr<Standing> StandingOf(const Reader& reader, absl::Time now);
  // A decision that is being made.
  struct Case {
    const Reader& reader;
    const PostId& post_id;
    pb::ReadingAccess access;
    bool metered = false;
    bool had_trial = false;
  };
  // Decides everything that needs no meter.
  absl::Status Open(Case& decision, pb::AccessLevel level, absl::Time now);
  // Asks the meter about the metered cases and fills in its answers.
  absl::Status Measure(std::vector<Case>& cases, Mode mode, absl::Time now);
  absl::StatusOr<std::vector<MeterReading>> AskMeter(const std::vector<Case*>& cases, Mode mode);
  void FillIn(const MeterReading& reading, absl::Time now, Case& decision);
  // Adds offers where they are due. If Redis is unavailable, or too many offers were
  // started in the network, the paywall is shown without an offer.
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
