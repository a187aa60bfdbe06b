#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/metrics.h"

namespace rostrum::account {

struct PasswordOptions {
  // OWASP's minimum for Argon2id. Settings cannot be lower; tests use less.
  int memory_kib = kMinMemoryKib;
  int ops = 2;
  int threads = 1;
  int queue = 64;

  static constexpr int kMinMemoryKib = 19456;
};

// How long a thread rests that had a processor for `used` while it hashed, and waited for
// one for `waited`: three times as long as it waited beyond a quarter of `used`, which is
// usual, but at most half a second. Priorities alone leave a flood of logins too much: the
// kernel lets a thread that only computes finish its turn while others wait.
absl::Duration RestAfter(absl::Duration used, absl::Duration waited);

struct PasswordCheck {
  bool matches = false;
  bool outdated = false;  // made with other parameters: hash it again
};

// Computes Argon2id in its own threads, so that a flood of logins does not take memory and
// threads from everything else: at most `threads` hashes are computed at a time, `queue`
// more wait, and further ones are refused before any work. Thread-safe.
//
// Hashing gives way to everything else on the machine: its threads have a low priority, and
// rest after a hash as long as `RestAfter` says.
//
// Both methods wait for their turn, at most until the deadline of the current request.
// RESOURCE_EXHAUSTED / BUSY with RetryInfo if the queue is full, DEADLINE_EXCEEDED if the
// turn did not come in time.
class PasswordHasher {
 public:
  PasswordHasher(PasswordOptions options, Metrics& metrics);
  ~PasswordHasher();

  absl::StatusOr<std::string> Hash(const std::string& password);
  // An empty `hash` (no such account, or one without a password) takes as much time and
  // never matches.
  absl::StatusOr<PasswordCheck> Verify(const std::string& password, const std::string& hash);

 private:
  struct Job;
  absl::Status Run(std::function<void()> work);
  void RunThread();
  std::string HashNow(const std::string& password) const;

  const PasswordOptions options_;
  prometheus::Counter& run_;
  prometheus::Counter& refused_;
  const std::string dummy_hash_;
  absl::Mutex mu_;
  std::deque<std::shared_ptr<Job>> jobs_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace rostrum::account
