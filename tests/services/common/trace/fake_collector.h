#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace rostrum {

// An OTLP/HTTP collector on loopback: answers every request with one status, or
// not at all. Thread-safe.
class FakeCollector {
 public:
  FakeCollector();
  ~FakeCollector();

  std::string url() const;
  void set_status(int status) { status_ = status; }  // 0: takes requests and is silent
  // The bodies that came so far.
  std::vector<std::string> bodies();
  std::string last_head();

 private:
  void Run();
  void Serve(int connection);

  int listener_;
  int port_ = 0;
  std::atomic<int> status_{200};
  std::atomic<bool> stopping_{false};
  absl::Mutex mu_;
  std::vector<std::string> bodies_ ABSL_GUARDED_BY(mu_);
  std::string last_head_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace rostrum
