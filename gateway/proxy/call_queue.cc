#include "gateway/proxy/call_queue.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"

namespace rostrum::gateway {
namespace {

constexpr absl::Duration kLongest = absl::Hours(1);
// Less than half of a read's deadline, so that a call that gets its turn can still be answered.
constexpr absl::Duration kStuck = absl::Seconds(2);

}  // namespace

struct CallQueue::Waiting {
  explicit Waiting(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;  // used on its executor only
  const absl::Time since = absl::Now();
  bool has_turn = false;  // the queue's mutex guards this and `place`
  std::list<std::shared_ptr<Waiting>>::iterator place;
};

// Takes the coroutine out of the queue, also if it is destroyed while it waits.
class CallQueue::Place {
 public:
  Place(CallQueue& queue, std::shared_ptr<Waiting> waiting)
      : queue_(queue), waiting_(std::move(waiting)) {}
  ~Place() { Take(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // Leaves the queue. Returns the turn if it has come.
  std::optional<Turn> Take() {
    if (waiting_ == nullptr) return std::nullopt;
    const std::shared_ptr<Waiting> waiting = std::move(waiting_);
    absl::MutexLock lock(&queue_.mu_);
    if (waiting->has_turn) return std::make_optional<Turn>(queue_);
    queue_.queue_.erase(waiting->place);
    return std::nullopt;
  }

 private:
  CallQueue& queue_;
  std::shared_ptr<Waiting> waiting_;
};

asio::awaitable<std::optional<CallQueue::Turn>> CallQueue::Wait(absl::Time deadline) {
  const auto waiting = std::make_shared<Waiting>(co_await asio::this_coro::executor);
  {
    absl::MutexLock lock(&mu_);
    if (Begin()) co_return std::make_optional<Turn>(*this);
    if (!queue_.empty() && waiting->since - queue_.front()->since >= kStuck) co_return std::nullopt;
    waiting->place = queue_.insert(queue_.end(), waiting);
  }
  Place place(*this, waiting);
  const absl::Duration left = std::clamp(deadline - absl::Now(), absl::ZeroDuration(), kLongest);
  waiting->timer.expires_after(absl::ToChronoNanoseconds(left));
  co_await waiting->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return place.Take();
}

std::optional<CallQueue::Turn> CallQueue::Try() {
  absl::MutexLock lock(&mu_);
  if (!Begin()) return std::nullopt;
  return std::make_optional<Turn>(*this);
}

bool CallQueue::Begin() {
  if (running_ >= most_) return false;
  ++running_;
  return true;
}

void CallQueue::Next() {
  std::shared_ptr<Waiting> next;
  {
    absl::MutexLock lock(&mu_);
    if (queue_.empty()) {
      --running_;
      return;
    }
    next = std::move(queue_.front());
    queue_.pop_front();
    next->has_turn = true;
  }
  // Posted, so that it runs after the wait has begun: until then the waiting coroutine occupies
  // the only thread of its executor.
  const asio::any_io_executor executor = next->timer.get_executor();
  asio::post(executor, [next = std::move(next)] { next->timer.cancel(); });
}

}  // namespace rostrum::gateway
