#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "boost/asio/awaitable.hpp"

namespace rostrum::http {

// Runs work that blocks (a Redis call) on a few threads of its own, so that the event loops
// of the connections are not held up. Thread-safe.
class BlockingPool {
 public:
  struct Options {
    int threads = 4;
    // How many jobs may wait for a thread; more are refused at once. One for each
    // connection.
    size_t queue = 4096;
    // A job that has waited longer is refused: its client has given up.
    absl::Duration max_wait = absl::Milliseconds(500);
  };
  explicit BlockingPool(const Options& options);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Finishes running jobs, and refuses those that wait and those that come later. Call it
  // while the waiting coroutines can still be resumed.
  void Stop();

  // Runs `work` and resumes the awaiting coroutine on its own executor with the result, an
  // absl::Status or absl::StatusOr. UNAVAILABLE / OVERLOADED if `work` was refused. An
  // exception of `work` is thrown to the coroutine. `work` must own what it uses, because
  // it may still run after its coroutine was destroyed.
  template <class Work>
  auto Run(Work work) -> boost::asio::awaitable<std::invoke_result_t<Work&>> {
    using Result = std::invoke_result_t<Work&>;
    struct State {
      explicit State(Work w) : work(std::move(w)) {}
      Work work;
      std::optional<Result> result;
      std::exception_ptr error;
    };
    auto state = std::make_shared<State>(std::move(work));
    // Named: g++ 12 mishandles captures in a lambda within co_await.
    std::function<void()> job = [state] {
      try {
        state->result.emplace(state->work());
      } catch (...) {
        state->error = std::current_exception();
      }
    };
    const absl::Status ran = co_await RunJob(std::move(job));
    if (state->error) std::rethrow_exception(state->error);
    if (!state->result.has_value()) co_return Result(ran);
    co_return std::move(*state->result);
  }

 private:
  class Queue;
  boost::asio::awaitable<absl::Status> RunJob(std::function<void()> job);

  std::unique_ptr<Queue> queue_;
};

}  // namespace rostrum::http
