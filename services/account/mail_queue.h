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

// A finished mail. Its bytes are built once, so that every attempt sends the same message.
struct Mail {
  std::string id;         // a UUID
  std::string recipient;  // empty: never sent, see Unaddressed
  std::string bytes;

  // For unknown addresses: stored like a mail, with as much work for the database, but
  // never sent. It is as long as the mail and holds nothing of it.
  Mail Unaddressed() const { return {id, "", std::string(bytes.size(), ' ')}; }
};

// A mail that this worker holds until its lease ends.
struct ClaimedMail {
  Mail mail;
  absl::Time create_time;
  // When the link or code in it expires.
  std::optional<absl::Time> expire_time;
  int attempts = 0;         // before this one
  std::string traceparent;  // of the request that queued it, or empty
};

// Mails that are not finished.
struct MailBacklog {
  int64_t pending = 0;
  std::optional<absl::Time> oldest;  // when the oldest was queued
};

// How a mail was finished.
enum class MailOutcome { kDelivered, kRefused, kDropped };

// The queue of mails. The stores add mails (EnqueueMail) in the transaction of the change
// that causes them. Thread-safe. All methods may return UNAVAILABLE.
class MailQueue {
 public:
  virtual ~MailQueue() = default;
  // Takes up to `limit` mails that are due, the longest waiting first, for this worker
  // until now + lease. If the worker dies, others may take them after that.
  virtual absl::StatusOr<std::vector<ClaimedMail>> Claim(absl::Time now, absl::Duration lease,
                                                         int limit) = 0;
  // Marks a mail as finished and erases its recipient and bytes.
  virtual absl::Status Finish(const std::string& id, MailOutcome outcome, absl::Time now) = 0;
  // Counts a failed attempt; the next is at `time`.
  virtual absl::Status RetryAt(const std::string& id, absl::Time time) = 0;
  virtual absl::StatusOr<MailBacklog> Backlog() = 0;
};

// Wakes the mail workers of this process after a mail was committed, because a reader waits
// for it. If a wake-up is lost, the workers find the mail at their next poll. Thread-safe.
class MailSignal {
 public:
  // Sets the function that wakes the workers; nullptr for none.
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
