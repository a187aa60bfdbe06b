#pragma once

#include <atomic>
#include <functional>

#include "absl/status/statusor.h"

namespace rostrum::content {

// Work that is done in many batches, and ends after one of them when the service stops.
// Thread-safe.
class Batches {
 public:
  // Calls `batch`, which returns how much it did, until nothing is left.
  absl::Status Run(const std::function<absl::StatusOr<int>()>& batch) {
    absl::StatusOr<int> done = batch();
    while (done.ok() && *done > 0 && !stopping_) done = batch();
    return done.status();
  }
  void Stop() { stopping_ = true; }

 private:
  std::atomic<bool> stopping_ = false;
};

}  // namespace rostrum::content
