#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace rostrum {

// A thread that calls `step` again and again until it is stopped: after `interval`, or at
// once after Wake(). An error is logged, and then the next call waits longer (up to 3 s, or
// `interval` if that is longer). Thread-safe.
class Worker {
 public:
  Worker(std::string name, absl::Duration interval, std::function<absl::Status()> step);
  // Stops.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Wake();
  // Returns once the step that is running, if there is one, has ended.
  void Stop();

 private:
  void Run();

  const std::string name_;
  const absl::Duration interval_;
  const std::function<absl::Status()> step_;
  absl::Mutex mu_;
  bool woken_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace rostrum
