#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/redis/redis.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::subscription {

struct OfferSettings {
  absl::Duration duration = absl::Hours(24);
  absl::Duration pause = absl::Hours(24 * 30);  // from the expiry to the next one
};

// The offer of a trial to one visitor.
struct Offer {
  absl::Time expire_time;
  absl::Time next_time;
  bool IsOpen(absl::Time now) const { return now < expire_time; }
};

// Remembers until when each visitor's offer runs. The instant is chosen once,
// so it is the same in every answer until it has passed; after the pause it is
// forgotten. Thread-safe. UNAVAILABLE if it cannot be reached.
class OfferBook {
 public:
  virtual ~OfferBook() = default;
  // The offer, open or expired; nullopt if there was none, or its pause is over.
  virtual absl::StatusOr<std::optional<Offer>> Find(const VisitorPass& pass, absl::Time now) = 0;
  // The same for each pass, but begins one where there is none.
  virtual absl::StatusOr<std::vector<Offer>> FindOrStartAll(const std::vector<VisitorPass>& passes,
                                                            absl::Time now) = 0;
  absl::StatusOr<Offer> FindOrStart(const VisitorPass& pass, absl::Time now) {
    absl::StatusOr<std::vector<Offer>> offers = FindOrStartAll({pass}, now);
    if (!offers.ok()) return offers.status();
    return offers->front();
  }
};

// Keys: offer:{<hash of the pass>}, until the pause is over.
class RedisOfferBook final : public OfferBook {
 public:
  RedisOfferBook(Redis& redis, const OfferSettings& settings);
  absl::StatusOr<std::optional<Offer>> Find(const VisitorPass& pass, absl::Time now) override;
  absl::StatusOr<std::vector<Offer>> FindOrStartAll(const std::vector<VisitorPass>& passes,
                                                    absl::Time now) override;

 private:
  RedisScript::Call CallFor(const VisitorPass& pass, absl::Time now, bool start) const;
  absl::StatusOr<std::optional<Offer>> ReadReply(const RedisReply& reply) const;

  Redis& redis_;
  const OfferSettings settings_;
  const RedisScript script_;
};

}  // namespace rostrum::subscription
