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

// Lets so many calls be under way, and the others wait for their turn in the order in
// which they came: waiting costs little here, and a thread where the call goes to.
// Thread-safe.
class CallQueue {
 public:
  explicit CallQueue(int most) : most_(most) {}

  // Ends when destroyed.
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

  // The caller's turn if it is that at once; nobody else is waiting then.
  std::optional<Turn> Try();
  // The caller's turn, or nullopt if it has not come at `deadline`, or would not: the
  // first in the queue has waited for two seconds. Resumes on the executor of the awaiting
  // coroutine, which has one thread and lives for as long as others may end their turns.
  asio::awaitable<std::optional<Turn>> Wait(absl::Time deadline);

 private:
  struct Waiting;
  class Place;
  // Whether it is the caller's turn at once.
  bool Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // A turn is over.
  void Next();

  const int most_;
  absl::Mutex mu_;
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  std::list<std::shared_ptr<Waiting>> queue_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::gateway
