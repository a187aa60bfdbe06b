#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/redis/redis.h"

namespace rostrum::subscription {

// A visitor without any stored state.
struct NewVisitor {
  std::string network;  // keyed hash, empty if unknown
  std::string pass;     // its hash
};

// Counts the new visitors of each network within an hour. Thread-safe.
class NewVisitors {
 public:
  // Keys: network:{<hash of the network>}<suffix>.
  NewVisitors(Redis& redis, std::string suffix, int limit);
  // Counts them, and returns for each whether it is within the limit of its network;
  // visitors of an unknown network always are. UNAVAILABLE if the counters cannot be
  // reached.
  absl::StatusOr<std::vector<bool>> Admit(const std::vector<NewVisitor>& visitors) const;

 private:
  Redis& redis_;
  const std::string suffix_;
  const int limit_;
  const RedisScript count_;
};

}  // namespace rostrum::subscription
