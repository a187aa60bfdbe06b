#pragma once

#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace rostrum {

// Limits how many calls of this process to one other service run at the same time.
// Thread-safe.
class CallsUnderWay {
  using Began = std::multiset<absl::Time>;

 public:
  explicit CallsUnderWay(size_t most = 64) : most_(most) {}

  // A place for one call, held as long as this object lives. If all are taken, the
  // constructor waits for one until `deadline`. It does not wait if half of the running
  // calls have run for half a second: then the other service hangs.
  class Place {
   public:
    Place(CallsUnderWay& calls, absl::Time deadline)
        : calls_(calls), taken_(calls.Begin(deadline, &began_)) {}
    ~Place() {
      if (taken_) calls_.End(began_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    // False if there was no place.
    bool taken() const { return taken_; }

   private:
    CallsUnderWay& calls_;
    Began::iterator began_;
    const bool taken_;
  };

 private:
  bool Begin(absl::Time deadline, Began::iterator* began);
  void End(Began::iterator began);

  const size_t most_;
  absl::Mutex mu_;
  Began began_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum
