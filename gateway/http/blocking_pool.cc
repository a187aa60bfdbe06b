#include "gateway/http/blocking_pool.h"

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "boost/asio/associated_executor.hpp"
#include "boost/asio/async_result.hpp"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "services/common/base/status.h"

namespace rostrum::http {
namespace {

absl::Status Overloaded() {
  return RetryLater(absl::StatusCode::kUnavailable, "OVERLOADED", "too much is waiting already",
                    absl::Seconds(1));
}

}  // namespace

// Threads and the jobs that wait for them.
class BlockingPool::Queue {
 public:
  struct Job {
    std::function<void()> work;
    std::function<void(absl::Status)> done;
    std::chrono::steady_clock::time_point give_up;
  };

  explicit Queue(const Options& options) : options_(options) {
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { Serve(); });
  }
  void Stop() {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
    }
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    std::deque<Job> jobs;
    {
      absl::MutexLock lock(&mu_);
      jobs.swap(jobs_);
    }
    for (Job& job : jobs) job.done(Overloaded());
  }

  void Add(Job job) {
    job.give_up = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(options_.max_wait);
    {
      absl::MutexLock lock(&mu_);
      if (jobs_.size() < options_.queue && !stopping_) {
        jobs_.push_back(std::move(job));
        return;
      }
    }
    job.done(Overloaded());
  }

 private:
  void Serve() {
    for (;;) {
      Job job;
      {
        absl::MutexLock lock(&mu_);
        mu_.Await(absl::Condition(
            +[](Queue* q)
                 ABSL_NO_THREAD_SAFETY_ANALYSIS { return q->stopping_ || !q->jobs_.empty(); },
            this));
        if (stopping_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      if (std::chrono::steady_clock::now() > job.give_up) {
        job.done(Overloaded());
      } else {
        job.work();
        job.done(absl::OkStatus());
      }
    }
  }

  const Options options_;
  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

BlockingPool::BlockingPool(const Options& options) : queue_(std::make_unique<Queue>(options)) {}
BlockingPool::~BlockingPool() { Stop(); }

void BlockingPool::Stop() { queue_->Stop(); }

boost::asio::awaitable<absl::Status> BlockingPool::RunJob(std::function<void()> job) {
  namespace asio = boost::asio;
  auto initiate = [this](auto handler, std::function<void()> work) {
    using Handler = decltype(handler);
    const auto executor = asio::get_associated_executor(handler);
    // The guard keeps the connection's thread running until the work is done.
    struct Waiting {
      Handler handler;
      asio::executor_work_guard<std::decay_t<decltype(executor)>> guard;
    };
    auto waiting =
        std::make_shared<Waiting>(Waiting{std::move(handler), asio::make_work_guard(executor)});
    Queue::Job entry;
    entry.work = std::move(work);
    entry.done = [waiting, executor](absl::Status status) {
      asio::post(executor, [waiting, status = std::move(status)]() mutable {
        std::move(waiting->handler)(std::move(status));
      });
    };
    queue_->Add(std::move(entry));
  };
  absl::Status status =
      co_await asio::async_initiate<decltype(asio::use_awaitable), void(absl::Status)>(
          initiate, asio::use_awaitable, std::move(job));
  co_return status;
}

}  // namespace rostrum::http
