#include "services/common/base/worker.h"

#include <algorithm>
#include <exception>

#include "services/common/base/log.h"

namespace rostrum {
namespace {

constexpr absl::Duration kLeastBackoff = absl::Milliseconds(100);
// Once the cause of failures is gone, work resumes after at most this pause.
constexpr absl::Duration kMostBackoff = absl::Seconds(3);

absl::Status RunStep(const std::function<absl::Status()>& step) {
  try {
    return step();
  } catch (const std::exception& e) {
    return absl::InternalError(e.what());
  }
}

// Doubles with every failure; never shorter than the regular interval.
absl::Duration Backoff(absl::Duration interval, int failures) {
  const absl::Duration backoff =
      std::max(interval, kLeastBackoff) * static_cast<double>(1 << std::min(failures, 10));
  return std::max(interval, std::min(backoff, kMostBackoff));
}

}  // namespace

Worker::Worker(std::string name, absl::Duration interval, std::function<absl::Status()> step)
    : name_(std::move(name)),
      interval_(interval),
      step_(std::move(step)),
      thread_([this] { Run(); }) {}

Worker::~Worker() { Stop(); }

void Worker::Wake() {
  absl::MutexLock lock(&mu_);
  woken_ = true;
}

void Worker::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Worker::Run() {
  int failures = 0;
  const auto due = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return woken_ || stopping_; };
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) return;
      woken_ = false;
    }
    absl::Duration wait = interval_;
    if (const absl::Status status = RunStep(step_); status.ok()) {
      failures = 0;
    } else {
      wait = Backoff(interval_, failures++);
      LogWarning("worker step failed",
                 {{"worker", name_}, {"error", status.ToString()}, {"failures", failures}});
    }
    absl::MutexLock lock(&mu_);
    mu_.AwaitWithTimeout(absl::Condition(&due), wait);
  }
}

}  // namespace rostrum
