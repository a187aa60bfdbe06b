#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "services/account/mail_queue.h"
#include "services/common/base/clock.h"
#include "services/common/base/metrics.h"
#include "services/common/base/worker.h"
#include "services/common/mail/smtp.h"

namespace rostrum::account {

// The time between the attempt with this number (the first is 1) and the next: 5 s, 1 min,
// 5 min, 30 min, 2 h, 8 h, then every 24 h. MailSender tries sooner if the link in the mail
// would expire before that.
absl::Duration MailBackoff(int attempt);
// A mail is dropped when it could not be delivered for this long, or when the link in it
// has expired.
inline constexpr absl::Duration kMailPatience = absl::Hours(72);

// Sends the mails in the queue. Any number of senders may run, in any number of replicas. A
// mail is sent at least once; a second copy (only after a crash between delivery and
// record) has the same Message-ID. Thread-safe.
class MailSender {
 public:
  MailSender(MailQueue& queue, MailTransport& transport, std::string from, Clock& clock,
             Metrics& metrics);
  ~MailSender();

  // Sends every mail that is due. Those that fail are tried again later.
  absl::Status SendDue();
  // Sets the metrics of the waiting mails of all replicas.
  absl::Status TellBacklog();

  // Starts `threads` sending threads, which `signal` wakes, and one that sets the metrics.
  void Start(int threads, MailSignal& signal);
  // Returns once the mails that are being sent are finished.
  void Stop();

 private:
  absl::Status SendOne(const ClaimedMail& claimed);
  absl::Status Fail(const ClaimedMail& claimed, const absl::Status& why);
  absl::Status Drop(const ClaimedMail& claimed);

  MailQueue& queue_;
  MailTransport& transport_;
  const std::string from_;
  Clock& clock_;
  prometheus::Counter& delivered_;
  prometheus::Counter& refused_;
  prometheus::Counter& dropped_;
  prometheus::Counter& put_off_;
  prometheus::Gauge& pending_;
  prometheus::Gauge& oldest_age_;
  std::atomic<bool> stopping_{false};
  MailSignal* signal_ = nullptr;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Worker> teller_;
};

}  // namespace rostrum::account
