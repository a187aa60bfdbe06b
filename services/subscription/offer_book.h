#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/redis/redis.h"
#include "services/common/rpc/request_context.h"
#include "services/subscription/new_visitors.h"

namespace rostrum::subscription {

struct OfferSettings {
  absl::Duration duration = absl::Hours(24);
  absl::Duration pause = absl::Hours(24 * 30);  // from the expiry to the next one
  int new_per_network = 1000;                   // within an hour
};

// The offer of a trial to one visitor.
struct Offer {
  absl::Time expire_time;
  absl::Time next_time;
  bool IsOpen(absl::Time now) const { return now < expire_time; }
};

// A visitor who is to be shown an offer.
struct OfferWanted {
  VisitorPass pass;
  std::string network;  // keyed hash, empty if unknown
};

// Stores when each visitor's offer expires. The time is chosen once, so that every answer
// names the same until it has passed. An offer is deleted after the pause. If its pass
// never came back, it is deleted earlier: after it has been over for as long as it ran.
// Thread-safe. UNAVAILABLE if the store cannot be reached.
class OfferBook {
 public:
  virtual ~OfferBook() = default;
  // The offer, open or expired; nullopt if there was none or its pause is over.
  virtual absl::StatusOr<std::optional<Offer>> Find(const VisitorPass& pass, absl::Time now) = 0;
  // The same for each visitor, but starts an offer where there is none, unless too many
  // were started in that network.
  virtual absl::StatusOr<std::vector<std::optional<Offer>>> FindOrStartAll(
      const std::vector<OfferWanted>& wanted, absl::Time now) = 0;
  absl::StatusOr<std::optional<Offer>> FindOrStart(const VisitorPass& pass,
                                                   const std::string& network, absl::Time now) {
    absl::StatusOr<std::vector<std::optional<Offer>>> offers =
        FindOrStartAll({{pass, network}}, now);
    if (!offers.ok()) return offers.status();
    return offers->front();
  }
};

// Keys:
//   offer:{<hash of the pass>}        kept until the pause is over
//   offer:{<hash of the pass>}:first  the same until a new pass has come back
//   network:{<hash>}:offers           new offers of a network, kept for an hour
class RedisOfferBook final : public OfferBook {
 public:
  RedisOfferBook(Redis& redis, const OfferSettings& settings);
  absl::StatusOr<std::optional<Offer>> Find(const VisitorPass& pass, absl::Time now) override;
  absl::StatusOr<std::vector<std::optional<Offer>>> FindOrStartAll(
      const std::vector<OfferWanted>& wanted, absl::Time now) override;

 private:
  struct Found {
    std::optional<Offer> offer;
    bool is_over = false;  // an offer is stored whose pause is over
  };
  absl::StatusOr<std::vector<Found>> FindAll(const std::vector<VisitorPass>& passes,
                                             absl::Time now);
  struct Start {
    VisitorPass pass;
    bool is_over = false;
  };
  absl::StatusOr<std::vector<Offer>> StartAll(const std::vector<Start>& starts, absl::Time now);
  // The offer with the stored expiry; nullopt for nil.
  absl::StatusOr<std::optional<Offer>> Read(const RedisReply& reply) const;

  Redis& redis_;
  const OfferSettings settings_;
  const NewVisitors new_visitors_;
};

}  // namespace rostrum::subscription
