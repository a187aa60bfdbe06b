#pragma once

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/worker.h"

namespace rostrum {

// Nanoseconds of a monotonic clock.
int64_t SteadyNanoseconds();

// Ends waits for a database server that hangs. libpq waits for an answer without limit, and
// the statement timeout is enforced by the server, so a server that is paused does not keep
// it. When an answer is overdue, the watchdog shuts the socket down, and libpq reports a
// lost connection. Thread-safe.
class Watchdog {
 public:
  Watchdog();
  ~Watchdog();

  // The watch of one connection. Only the thread that holds the connection calls its
  // methods.
  class Watch {
   public:
    Watch(Watchdog& dog, int socket);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // A question is sent; the server has `time` to answer it.
    void Expect(absl::Duration time);
    // Another question is sent; the server has the same time again.
    void ExpectAgain();
    // No answer is awaited any more.
    void Rest();

   private:
    friend class Watchdog;

    Watchdog& dog_;
    // A duplicate descriptor: libpq may close its own, and the system may give that number
    // to another connection.
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
