#pragma once

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/worker.h"

namespace rostrum {

// Nanoseconds of a clock that nobody sets.
int64_t SteadyNanoseconds();

// Ends waits for a server that hangs. libpq waits for an answer as long as it takes, and
// the statement timeout is PostgreSQL's own, which one that is stopped does not keep. When
// an answer is overdue the socket is shut, and libpq says that the connection was lost.
// Thread-safe.
class Watchdog {
 public:
  Watchdog();
  ~Watchdog();

  // Of one connection. Its methods are for whoever has the connection.
  class Watch {
   public:
    Watch(Watchdog& dog, int socket);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // Something is asked, for which the server has `time`.
    void Expect(absl::Duration time);
    // Something else is, for which it has the same.
    void ExpectAgain();
    // Nothing is asked any more.
    void Rest();

   private:
    friend class Watchdog;

    Watchdog& dog_;
    // A duplicate: libpq may close its own, whose number is then another's.
    const int socket_;
    absl::Duration time_;
    std::atomic<int64_t> due_;
  };

 private:
  void ShutOverdue();

  absl::Mutex mu_;
  absl::flat_hash_set<Watch*> watches_ ABSL_GUARDED_BY(mu_);
  Worker looks_;  // last: it uses all of the above
};

}  // namespace rostrum
