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

// When to try again after the attempt of this number (the first is 1):
// 5 s, 1 min, 5 min, 30 min, 2 h, 8 h, then each 24 h. Sooner, if what it carries does not
// work for as long.
absl::Duration MailBackoff(int attempt);
// A mail that could not be delivered for this long, or for as long as what it carries
// works, is dropped.
inline constexpr absl::Duration kMailPatience = absl::Hours(72);

// Sends what the queue holds. Any number of these may run, in any number of
// replicas. A mail goes out at least once; a second copy (only after a crash
// between delivery and record) has the same Message-ID. Thread-safe.
class MailSender {
 public:
  MailSender(MailQueue& queue, MailTransport& transport, std::string from, Clock& clock,
             Metrics& metrics);
  ~MailSender();

  // Sends everything that is due; what fails is put off.
  absl::Status SendDue();
  // Tells in the metrics what waits, that of all replicas.
  absl::Status TellBacklog();

  // Sends in `threads` threads from now on, woken by `signal`; another tells.
  void Start(int threads, MailSignal& signal);
  // Returns after the mails that are on the wire.
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
