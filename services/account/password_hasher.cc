#include "services/account/password_hasher.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/request_context.h"
#include "sodium.h"

namespace rostrum::account {
namespace {

// How long a call without a deadline waits for its turn.
constexpr absl::Duration kLongestWait = absl::Seconds(10);
// About a tenth of the CPU weight of other threads.
constexpr int kNice = 10;
// Of the time used: a wait as long as this is no sign that others need the processor.
constexpr double kUsualWait = 0.25;
constexpr int kRestPerWait = 3;
constexpr absl::Duration kLongestRest = absl::Milliseconds(500);

// Time that this thread has had a processor.
absl::Duration Used() {
  timespec used{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return absl::DurationFromTimespec(used);
}

size_t MemoryBytes(const PasswordOptions& options) {
  return static_cast<size_t>(options.memory_kib) * 1024;
}

const CounterFamily kRun{"password_hashes_total", "Password hashes made or checked."};
const CounterFamily kRefused{"password_hashes_refused_total",
                             "Password hashes refused because the queue was full."};

}  // namespace

absl::Duration RestAfter(absl::Duration used, absl::Duration waited) {
  const absl::Duration unusual = std::max(waited - kUsualWait * used, absl::ZeroDuration());
  return std::min(kRestPerWait * unusual, kLongestRest);
}

struct PasswordHasher::Job {
  std::function<void()> work;
  bool abandoned = false;  // the caller's time is over
  bool done = false;
};

PasswordHasher::PasswordHasher(PasswordOptions options, Metrics& metrics)
    : options_(options),
      run_(metrics.Counter(kRun)),
      refused_(metrics.Counter(kRefused)),
      dummy_hash_((InitCrypto(), HashNow(RandomBytes(32)))) {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { RunThread(); });
}

PasswordHasher::~PasswordHasher() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

std::string PasswordHasher::HashNow(const std::string& password) const {
  char encoded[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(encoded, password.data(), password.size(), options_.ops,
                            MemoryBytes(options_), crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return "";  // out of memory
  }
  return encoded;
}

void PasswordHasher::RunThread() {
  // A flood of logins gets only the CPU time that other calls leave. If the system does not
  // allow this, hashes compete with the other calls.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return stopping_ || !jobs_.empty();
  };
  while (true) {
    std::shared_ptr<Job> job;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(&something));
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      if (job->abandoned) continue;
    }
    const absl::Time start = absl::Now();
    const absl::Duration used_before = Used();
    job->work();
    const absl::Duration used = Used() - used_before;
    const absl::Duration rest = RestAfter(used, absl::Now() - start - used);
    run_.Increment();
    absl::MutexLock lock(&mu_);
    job->done = true;
    mu_.AwaitWithTimeout(absl::Condition(&stopping_), rest);
  }
}

absl::Status PasswordHasher::Run(std::function<void()> work) {
  const absl::Time deadline =
      std::min(RequestContext::Current().deadline, absl::Now() + kLongestWait);
  const auto job = std::make_shared<Job>();
  job->work = std::move(work);
  absl::MutexLock lock(&mu_);
  if (jobs_.size() >= static_cast<size_t>(options_.queue)) {
    refused_.Increment();
    return RetryLater(absl::StatusCode::kResourceExhausted, "BUSY",
                      "too many people are logging in; try again shortly", absl::Seconds(2));
  }
  jobs_.push_back(job);
  if (mu_.AwaitWithDeadline(absl::Condition(&job->done), deadline)) return absl::OkStatus();
  job->abandoned = true;
  return absl::DeadlineExceededError("the turn to check the password did not come in time");
}

absl::StatusOr<std::string> PasswordHasher::Hash(const std::string& password) {
  // The work may outlive this call, so it owns all that it uses.
  const auto encoded = std::make_shared<std::string>();
  RETURN_IF_ERROR(Run([this, password, encoded] { *encoded = HashNow(password); }));
  if (encoded->empty()) {
    LogError("no memory to hash a password");
    return Unavailable("out of memory");
  }
  return *encoded;
}

absl::StatusOr<PasswordCheck> PasswordHasher::Verify(const std::string& password,
                                                     const std::string& hash) {
  const auto check = std::make_shared<PasswordCheck>();
  const std::string against = hash.empty() ? dummy_hash_ : hash;
  RETURN_IF_ERROR(Run([this, password, against, check] {
    check->matches =
        crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
    check->outdated =
        crypto_pwhash_str_needs_rehash(against.c_str(), options_.ops, MemoryBytes(options_)) == 1;
  }));
  if (hash.empty()) check->matches = false;
  return *check;
}

}  // namespace rostrum::account
