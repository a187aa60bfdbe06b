#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"
#include "services/common/redis/redis.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::subscription {

struct MeterSettings {
  int limit = 5;
  absl::Duration period = absl::Hours(24 * 30);
  int ending_at = 1;                    // free reads left when the end is announced
  int fresh_passes_per_network = 1000;  // within an hour
};

// Where a visitor's free allocation stands.
struct MeterReading {
  bool granted = false;
  bool network_limit = false;  // too many new visitors from there: nothing was counted
  int used = 0;
  absl::Duration period_left;  // zero before the first read
};

// Counts the free reads of visitors without knowing what they read: all that is
// kept is a set of HMAC(secret of the pass, post id) under a hash of the pass's
// id, and the secret is nowhere on the server. Thread-safe. UNAVAILABLE if the
// counters cannot be reached.
class Meter {
 public:
  virtual ~Meter() = default;
  // Reads a post: granted if it is among the visitor's free reads or becomes
  // one. Parallel reads can neither take one more than there are nor lose one.
  virtual absl::StatusOr<MeterReading> Read(const VisitorPass& pass, const PostId& post_id,
                                            const std::string& network) = 0;
  // The same without counting: granted if it is among the free reads already.
  virtual absl::StatusOr<MeterReading> Peek(const VisitorPass& pass, const PostId& post_id) = 0;
  // How much is used, of no post in particular.
  virtual absl::StatusOr<MeterReading> Look(const VisitorPass& pass) = 0;
};

// Keys: meter:{<hash of the pass>}:reads, for the period; network:{<hash>}, for
// an hour.
class RedisMeter final : public Meter {
 public:
  RedisMeter(Redis& redis, const MeterSettings& settings);
  absl::StatusOr<MeterReading> Read(const VisitorPass& pass, const PostId& post_id,
                                    const std::string& network) override;
  absl::StatusOr<MeterReading> Peek(const VisitorPass& pass, const PostId& post_id) override;
  absl::StatusOr<MeterReading> Look(const VisitorPass& pass) override;

 private:
  enum class Use { kLook, kPeek, kCount, kCountFresh };
  struct Outcome {
    MeterReading reading;
    bool fresh = false;  // nothing was counted: ask the network first
  };
  absl::StatusOr<Outcome> Run(const VisitorPass& pass, const std::string& digest, Use use);
  absl::StatusOr<bool> AdmitFresh(const VisitorPass& pass, const std::string& network);

  Redis& redis_;
  const MeterSettings settings_;
  const RedisScript read_;
  const RedisScript count_network_;
};

}  // namespace rostrum::subscription
