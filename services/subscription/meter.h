#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"
#include "services/common/redis/redis.h"
#include "services/common/rpc/request_context.h"
#include "services/subscription/new_visitors.h"

namespace rostrum::subscription {

struct MeterSettings {
  int limit = 5;
  absl::Duration period = absl::Hours(24 * 30);
  int ending_at = 1;                    // free reads left when the end is announced
  int fresh_passes_per_network = 1000;  // within an hour
  // Who keeps no cookies is a new visitor with every request. What a first visit counted
  // is therefore kept for so long only, until its pass comes back.
  absl::Duration first_visit = absl::Hours(1);
};

// Where a visitor's free allocation stands.
struct MeterReading {
  bool granted = false;
  bool network_limit = false;  // too many new visitors from there: nothing was counted
  int used = 0;
  absl::Duration period_left;  // zero before the first read
};

// A read to be counted.
struct MeterRead {
  VisitorPass pass;
  PostId post_id;
  std::string network;  // keyed hash, empty if unknown
};

// Counts the free reads of visitors without knowing what they read: all that is
// kept is a set of HMAC(secret of the pass, post id) under a hash of the pass's
// id, and the secret is nowhere on the server. A pass that comes back within
// `first_visit` of its first read goes on from there; one that comes back later
// begins anew. Thread-safe. UNAVAILABLE if the counters cannot be reached.
class Meter {
 public:
  virtual ~Meter() = default;
  // Reads posts, each as if alone and in this order: granted if it is among the
  // visitor's free reads or becomes one. Parallel reads can neither take one more
  // than there are nor lose one.
  virtual absl::StatusOr<std::vector<MeterReading>> ReadAll(
      const std::vector<MeterRead>& reads) = 0;
  absl::StatusOr<MeterReading> Read(const VisitorPass& pass, const PostId& post_id,
                                    const std::string& network) {
    absl::StatusOr<std::vector<MeterReading>> readings = ReadAll({{pass, post_id, network}});
    if (!readings.ok()) return readings.status();
    return readings->front();
  }
  // The same without counting: granted if it is among the free reads already.
  virtual absl::StatusOr<MeterReading> Peek(const VisitorPass& pass, const PostId& post_id) = 0;
  // How much is used, of no post in particular.
  virtual absl::StatusOr<MeterReading> Look(const VisitorPass& pass) = 0;
};

// Keys: meter:{<shard>}:<hash of the pass>:reads, for the period, and :first in its
// place until a new pass has come back; network:{<hash>}, for an hour. Those of a shard
// are asked by one call of the script; each has a hash tag of its own.
class RedisMeter final : public Meter {
 public:
  RedisMeter(Redis& redis, const MeterSettings& settings);
  absl::StatusOr<std::vector<MeterReading>> ReadAll(const std::vector<MeterRead>& reads) override;
  absl::StatusOr<MeterReading> Peek(const VisitorPass& pass, const PostId& post_id) override;
  absl::StatusOr<MeterReading> Look(const VisitorPass& pass) override;

 private:
  enum class Use { kLook, kPeek, kCount, kBegin };
  struct Asked {
    std::string pass;    // its hash
    std::string digest;  // of the post, empty for none
    bool fresh = false;  // the pass's first visit
  };
  struct Outcome {
    MeterReading reading;
    bool begins = false;  // nothing was counted: ask the network first
  };
  static Asked AskFor(const VisitorPass& pass, std::string digest);
  // One outcome for each, in their order.
  absl::StatusOr<std::vector<Outcome>> Ask(const std::vector<Asked>& asked, Use use);
  absl::StatusOr<MeterReading> AskOne(Asked asked, Use use);

  Redis& redis_;
  const MeterSettings settings_;
  const RedisScript read_;
  const NewVisitors new_visitors_;
};

}  // namespace rostrum::subscription
