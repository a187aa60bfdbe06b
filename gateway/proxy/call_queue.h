#pragma once

#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "boost/asio/awaitable.hpp"

namespace rostrum::gateway {

namespace asio = boost::asio;

// Limits how many calls run at the same time. The others wait for their turn in the order
// in which they came: a coroutine that waits here costs little, while a call that waits in
// the service costs a thread there. Thread-safe.
class CallQueue {
 public:
  explicit CallQueue(int most) : most_(most) {}

  // One of the running calls. Destroying it gives the turn to the next in the queue.
  class Turn {
   public:
    explicit Turn(CallQueue& queue) : queue_(&queue) {}
    Turn(Turn&& other) : queue_(std::exchange(other.queue_, nullptr)) {}
    Turn& operator=(Turn&& other) {
      std::swap(queue_, other.queue_);
      return *this;
    }
    ~Turn() {
      if (queue_ != nullptr) queue_->Next();
    }

   private:
    CallQueue* queue_;
  };

  // A turn if one is free (then the queue is empty), else nullopt. Does not wait.
  std::optional<Turn> Try();
  // Waits for a turn. Returns nullopt
  // - when no turn has come by `deadline`, or
  // - at once, if the first in the queue has waited for two seconds already: the service is
  //   stuck, and a further caller would wait in vain.
  // Resumes on the executor of the awaiting coroutine. That executor must have one thread,
  // and live as long as other callers may end their turns.
  asio::awaitable<std::optional<Turn>> Wait(absl::Time deadline);

 private:
  struct Waiting;
  class Place;
  // Takes a turn if one is free.
  bool Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // A turn is over.
  void Next();

  const int most_;
  absl::Mutex mu_;
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  std::list<std::shared_ptr<Waiting>> queue_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::gateway
