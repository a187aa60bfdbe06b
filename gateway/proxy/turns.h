#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "boost/asio/async_result.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "gateway/proxy/caller_context.h"
#include "prometheus/gauge.h"
#include "services/common/base/log.h"
#include "services/common/rpc/tries.h"
#include "services/common/trace/span.h"

namespace rostrum::gateway {

// How calls take turns.
struct TurnLimits {
  // At most so many calls run at a time, and one beside another only if more wait than can go in
  // it: a call costs much the same however many share it.
  size_t calls = 1;
  // A call that takes longer no longer counts among them, and the next begins at once: its
  // replica may hang while the others are well. At most an hour.
  absl::Duration long_call = absl::Milliseconds(250);
  // For one call, with all its tries.
  absl::Duration call_time = absl::Milliseconds(3750);
};

// Lets many ask in one call.
// - Those who come while a call runs go together in the next one: under low load nobody waits,
//   and under high load many share the cost of a call. Nobody gets an answer to a call that
//   began before they asked.
// - At most 24 calls run even if all of them take long (kMostCalls): about as many as get
//   stuck in one hanging replica until the first of them is given up.
// - When a call runs out of time, those in the queue who have waited as long as its first try
//   fail with it. So nobody waits for longer than two calls may take.
// Thread-safe. Held by a shared pointer, because calls outlive those who wait for them.
template <class Question, class Answer>
class Turns : public std::enable_shared_from_this<Turns<Question, Answer>> {
 public:
  using Clock = std::chrono::steady_clock;
  // An answer, and the span below which its call is, if that is recorded.
  struct Told {
    absl::StatusOr<Answer> answer;
    TraceContext call;
  };
  struct Waiting {
    Question question;
    CallerContext cause;  // only request id and trace
    Clock::time_point since;
    std::function<void(Told)> done;
  };
  // Makes one call for all of these: an answer to each, in their order, or an error for all.
  // `cause` has the request id and trace of one of them: the first whose trace is recorded.
  using Ask = std::function<asio::awaitable<absl::StatusOr<std::vector<Answer>>>(
      std::vector<Question> questions, const CallerContext& cause)>;
  // How many from the front of the queue, which is not empty, go in one call: at least one.
  using Share = std::function<size_t(const std::deque<Waiting>& queue)>;

  // `waiting` counts those who wait for a call to begin.
  Turns(TurnLimits limits, prometheus::Gauge& waiting, Ask ask, Share share)
      : limits_(limits),
        long_call_(
            absl::ToChronoMilliseconds(std::min(limits.long_call, absl::Duration(absl::Hours(1))))),
        waiting_(waiting),
        ask_(std::move(ask)),
        share_(std::move(share)) {}

  // Errors are those of the call. Resumes on the executor of the awaiting coroutine, which must
  // have one thread, and live until all who wait here have been told. `span_name` says what is
  // done for `caller`; the span is linked with the one that the call is part of.
  asio::awaitable<absl::StatusOr<Answer>> Join(Question question, const CallerContext& caller,
                                               const char* span_name) {
    Span span = Span::ChildOf(caller.trace, SpanKind::kInternal, span_name);
    CallerContext cause;
    cause.request_id = caller.request_id;
    cause.trace = span.recorded() ? span.context() : caller.trace;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    // Named: g++ 12 miscompiles a lambda with captures inside co_await.
    auto initiate = [this, executor, question = std::move(question),
                     cause = std::move(cause)](auto handler) mutable {
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      auto done = [shared, executor, work = asio::make_work_guard(executor)](Told told) {
        asio::post(executor,
                   [shared, told = std::move(told)]() mutable { (*shared)(std::move(told)); });
      };
      Begin(executor, Add({std::move(question), std::move(cause), Clock::now(), std::move(done)}));
    };
    Told told = co_await asio::async_initiate<decltype(asio::use_awaitable), void(Told)>(
        std::move(initiate), asio::use_awaitable);
    span.Link(told.call);
    if (!told.answer.ok()) span.Fail(absl::StatusCodeToString(told.answer.status().code()));
    co_return std::move(told.answer);
  }

 private:
  using Batch = std::vector<Waiting>;
  using Began = std::multiset<Clock::time_point>;
  // A call: who waits for it, and its entry in `under_way_`.
  struct Turn {
    Batch batch;  // empty: no call is to be made
    Began::iterator began;
  };

  static constexpr size_t kMostCalls = 24;

  // Adds to the queue. Returns the call to make now, if there is a place for one.
  Turn Add(Waiting waiting) {
    waiting_.Increment();
    absl::MutexLock lock(&mu_);
    queue_.push_back(std::move(waiting));
    return Take();
  }

  // The call to make beside one that has become long.
  Turn Another() {
    absl::MutexLock lock(&mu_);
    return Take();
  }

  // The call to make after the one at `over` has ended.
  Turn Next(Began::iterator over) {
    absl::MutexLock lock(&mu_);
    under_way_.erase(over);
    return Take();
  }

  Turn Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const Clock::time_point now = Clock::now();
    const size_t lately = std::distance(under_way_.upper_bound(now - long_call_), under_way_.end());
    if (lately >= limits_.calls || under_way_.size() >= kMostCalls || queue_.empty()) return {};
    const size_t share = share_(queue_);
    if (lately > 0 && share == queue_.size()) return {};
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(share);
    Batch batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    waiting_.Decrement(static_cast<double>(batch.size()));
    return {std::move(batch), under_way_.insert(now)};
  }

  // Moves those from the queue to `batch` who have waited as long as the first try of a call.
  void TakeLate(Batch& batch) {
    const Clock::time_point begun =
        Clock::now() - absl::ToChronoNanoseconds(limits_.call_time * kFirstTry);
    absl::MutexLock lock(&mu_);
    while (!queue_.empty() && queue_.front().since <= begun) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
      waiting_.Decrement();
    }
  }

  static const CallerContext& CauseOf(const Batch& batch) {
    const auto recorded = std::find_if(batch.begin(), batch.end(), [](const Waiting& waiting) {
      return waiting.cause.trace.sampled;
    });
    return recorded == batch.end() ? batch.front().cause : recorded->cause;
  }

  void Begin(const asio::any_io_executor& executor, Turn turn) {
    if (!turn.batch.empty()) asio::co_spawn(executor, Run(std::move(turn)), asio::detached);
  }

  asio::awaitable<void> Run(Turn turn) {
    const auto self = this->shared_from_this();
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (; !turn.batch.empty(); turn = Next(turn.began)) {
      asio::steady_timer becomes_long(executor, long_call_);
      becomes_long.async_wait([self, executor](const boost::system::error_code& ended) {
        if (!ended) self->Begin(executor, self->Another());
      });
      Batch& batch = turn.batch;
      std::vector<Question> questions;
      questions.reserve(batch.size());
      for (Waiting& waiting : batch) questions.push_back(std::move(waiting.question));
      absl::StatusOr<std::vector<Answer>> answers = absl::InternalError("not asked");
      const CallerContext& cause = CauseOf(batch);
      const TraceContext call = IfRecorded(cause.trace);
      try {
        answers = co_await ask_(std::move(questions), cause);
      } catch (const std::exception& error) {
        // Those who wait must be told, and the next call needs the place.
        LogError("a shared call threw", {{"error", error.what()}});
        answers = absl::InternalError("the call threw");
      }
      if (absl::IsDeadlineExceeded(answers.status())) TakeLate(batch);  // they would wait in vain
      for (size_t i = 0; i < batch.size(); ++i) {
        if (answers.ok()) {
          batch[i].done({std::move((*answers)[i]), call});
        } else {
          batch[i].done({answers.status(), call});
        }
      }
    }
  }

  const TurnLimits limits_;
  const std::chrono::milliseconds long_call_;
  prometheus::Gauge& waiting_;
  const Ask ask_;
  const Share share_;
  absl::Mutex mu_;
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mu_);
  Began under_way_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::gateway
