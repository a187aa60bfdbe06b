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
  int ending_at = 1;                    // how many free reads are left when the reader is warned
  int fresh_passes_per_network = 1000;  // within an hour
  // A client without cookies is a new visitor with every request. So the count of a first
  // visit is kept only for this long, and for the whole period once its pass comes back.
  absl::Duration first_visit = absl::Hours(1);
};

// The state of a visitor's free reads.
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

// Counts the free reads of visitors without knowing what they read. All that is stored is a
// set of HMAC(secret of the pass, post id), under a hash of the pass's id; the secret is
// stored nowhere on the server. A pass that comes back within `first_visit` of its first
// read continues its count; one that comes back later starts at zero. Thread-safe.
// UNAVAILABLE if the counters cannot be reached.
class Meter {
 public:
  virtual ~Meter() = default;
  // Counts reads, each as if alone and in this order. A read is granted if the post is
  // among the visitor's free reads or becomes one. Parallel reads can neither exceed the
  // limit nor lose a free read.
  virtual absl::StatusOr<std::vector<MeterReading>> ReadAll(
      const std::vector<MeterRead>& reads) = 0;
  absl::StatusOr<MeterReading> Read(const VisitorPass& pass, const PostId& post_id,
                                    const std::string& network) {
    absl::StatusOr<std::vector<MeterReading>> readings = ReadAll({{pass, post_id, network}});
    if (!readings.ok()) return readings.status();
    return readings->front();
  }
  // The same without counting: granted if the post is among the free reads already.
  virtual absl::StatusOr<MeterReading> Peek(const VisitorPass& pass, const PostId& post_id) = 0;
  // How many free reads are used, without a post.
  virtual absl::StatusOr<MeterReading> Look(const VisitorPass& pass) = 0;
};

// Keys:
//   meter:{<shard>}:<hash of the pass>:reads  the set of reads, kept for the period
//   meter:{<shard>}:<hash of the pass>:first  the same until a new pass has come back
//   network:{<hash>}                          new visitors of a network, kept for an hour
// The shard is the hash tag; all reads of one shard go in one call of the script.
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
    std::string digest;  // HMAC of the post, empty for none
    bool fresh = false;  // the pass's first visit
  };
  struct Outcome {
    MeterReading reading;
    bool begins = false;  // a first read, not counted yet: check the network first
  };
  static Asked AskFor(const VisitorPass& pass, std::string digest);
  // Returns one outcome for each, in their order.
  absl::StatusOr<std::vector<Outcome>> Ask(const std::vector<Asked>& asked, Use use);
  absl::StatusOr<MeterReading> AskOne(Asked asked, Use use);

  Redis& redis_;
  const MeterSettings settings_;
  const RedisScript read_;
  const NewVisitors new_visitors_;
};

}  // namespace rostrum::subscription
