#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace rostrum::account {

// A finished mail. Its bytes are built once, so that whatever is sent again is
// the very same message.
struct Mail {
  std::string id;         // a UUID
  std::string recipient;  // empty: never sent, see Unaddressed
  std::string bytes;

  // The same work for the database, and nothing to send.
  Mail Unaddressed() const { return {id, "", bytes}; }
};

// A mail that this worker holds until its lease ends.
struct ClaimedMail {
  Mail mail;
  absl::Time create_time;
  // From then on what it carries works no more.
  std::optional<absl::Time> expire_time;
  int attempts = 0;         // this one not counted
  std::string traceparent;  // of what wrote it, or empty
};

// What is not yet done with.
struct MailBacklog {
  int64_t pending = 0;
  std::optional<absl::Time> oldest;  // when it was written
};

// What became of an attempt.
enum class MailOutcome { kDelivered, kRefused, kDropped };

// Mails on their way. They are put in by the stores, in the transaction of what
// they tell. Thread-safe. All methods may return UNAVAILABLE.
class MailQueue {
 public:
  virtual ~MailQueue() = default;
  // Up to `limit` mails that are due, the longest waiting first, held until
  // now + lease. A worker that dies gives them back by that.
  virtual absl::StatusOr<std::vector<ClaimedMail>> Claim(absl::Time now, absl::Duration lease,
                                                         int limit) = 0;
  // It is done with; recipient and bytes are erased.
  virtual absl::Status Finish(const std::string& id, MailOutcome outcome, absl::Time now) = 0;
  // Counts the attempt; the next is at `time`.
  virtual absl::Status RetryAt(const std::string& id, absl::Time time) = 0;
  virtual absl::StatusOr<MailBacklog> Backlog() = 0;
};

// Wakes the mail workers of this process once a mail was committed: a reader
// waits for it. A hint; the workers also look by themselves. Thread-safe.
class MailSignal {
 public:
  // Who is woken; nullptr for nobody.
  void Connect(std::function<void()> wake) {
    absl::MutexLock lock(&mu_);
    wake_ = std::move(wake);
  }
  void Notify() {
    absl::MutexLock lock(&mu_);
    if (wake_) wake_();
  }

 private:
  absl::Mutex mu_;
  std::function<void()> wake_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::account
