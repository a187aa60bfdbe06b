#include "services/account/mail_sender.h"

#include <algorithm>
#include <iterator>

#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/trace/messaging.h"
#include "services/common/trace/span.h"

namespace rostrum::account {
namespace {

// Longer than sending a mail may take, so that no other worker sends it at the same time. If a
// process dies while it sends a mail, the mail is sent again only after this time.
constexpr absl::Duration kLease = absl::Minutes(1);
constexpr absl::Duration kPollInterval = absl::Seconds(5);
constexpr absl::Duration kLeastPause = absl::Minutes(1);
constexpr absl::Duration kTellInterval = absl::Seconds(30);

const CounterFamily kMails{"mails_total", "Attempts to deliver a mail, by outcome.", {"outcome"}};
const GaugeFamily kPending{"mails_pending", "Mails that wait to be delivered."};
// The longer a mail waits, the rarer its attempts are, so mails_total does not show it.
const GaugeFamily kOldestAge{"mails_oldest_age_seconds",
                             "Age of the oldest mail that waits to be delivered; 0 for none."};

}  // namespace

absl::Duration MailBackoff(int attempt) {
  // A reader waits for the mail, so the first step is short.
  static constexpr absl::Duration kSteps[] = {absl::Seconds(5),  absl::Minutes(1), absl::Minutes(5),
                                              absl::Minutes(30), absl::Hours(2),   absl::Hours(8),
                                              absl::Hours(24)};
  return kSteps[std::clamp<int>(attempt, 1, std::size(kSteps)) - 1];
}

MailSender::MailSender(MailQueue& queue, MailTransport& transport, std::string from, Clock& clock,
                       Metrics& metrics)
    : queue_(queue),
      transport_(transport),
      from_(std::move(from)),
      clock_(clock),
      delivered_(metrics.Counter(kMails, {"delivered"})),
      refused_(metrics.Counter(kMails, {"refused"})),
      dropped_(metrics.Counter(kMails, {"dropped"})),
      put_off_(metrics.Counter(kMails, {"put_off"})),
      pending_(metrics.Gauge(kPending)),
      oldest_age_(metrics.Gauge(kOldestAge)) {}

MailSender::~MailSender() { Stop(); }

void MailSender::Start(int threads, MailSignal& signal) {
  for (int i = 0; i < threads; ++i) {
    workers_.push_back(
        std::make_unique<Worker>("mail", kPollInterval, [this] { return SendDue(); }));
  }
  // On its own worker, because a relay that hangs blocks all the others.
  teller_ =
      std::make_unique<Worker>("mail-backlog", kTellInterval, [this] { return TellBacklog(); });
  signal_ = &signal;
  signal.Connect([this] {
    for (const auto& worker : workers_) worker->Wake();
  });
}

void MailSender::Stop() {
  if (signal_ != nullptr) signal_->Connect(nullptr);
  signal_ = nullptr;
  stopping_ = true;
  workers_.clear();
  teller_.reset();
}

absl::Status MailSender::SendDue() {
  while (!stopping_) {
    // One at a time: mails behind a slow one must be free for other workers.
    ASSIGN_OR_RETURN(const std::vector<ClaimedMail> due, queue_.Claim(clock_.Now(), kLease, 1));
    if (due.empty()) return absl::OkStatus();
    for (const ClaimedMail& claimed : due) RETURN_IF_ERROR(SendOne(claimed));
  }
  return absl::OkStatus();
}

absl::Status MailSender::TellBacklog() {
  ASSIGN_OR_RETURN(const MailBacklog backlog, queue_.Backlog());
  const absl::Time now = clock_.Now();
  pending_.Set(static_cast<double>(backlog.pending));
  oldest_age_.Set(absl::ToDoubleSeconds(now - backlog.oldest.value_or(now)));
  return absl::OkStatus();
}

absl::Status MailSender::SendOne(const ClaimedMail& claimed) {
  if (claimed.expire_time.value_or(absl::InfiniteFuture()) <= clock_.Now()) {
    LogError("mail dropped, it could not be delivered while what it carries worked",
             {{"mail_id", claimed.mail.id}, {"attempt", claimed.attempts}});
    return Drop(claimed);
  }
  // Part of the trace of the request that wrote the mail.
  ScopedSpan span(TraceContext::Parse(claimed.traceparent, ""), SpanKind::kConsumer, "mail send");
  const ScopedLogFields log_fields(TraceFields(TraceContext::Current()));
  DescribeProcess(*span, kMailSystem, "mail", "send");
  span->Set({"rostrum.attempt", claimed.attempts + 1});
  const absl::Status sent = transport_.Send(from_, claimed.mail.recipient, claimed.mail.bytes);
  if (!sent.ok()) {
    span->Fail(absl::StatusCodeToString(sent.code()));
    return Fail(claimed, sent);
  }
  delivered_.Increment();
  return queue_.Finish(claimed.mail.id, MailOutcome::kDelivered, clock_.Now());
}

absl::Status MailSender::Fail(const ClaimedMail& claimed, const absl::Status& why) {
  const absl::Time now = clock_.Now();
  const int attempt = claimed.attempts + 1;
  // `why` contains the relay's code, but not its text, which may contain the address.
  const LogFields fields = {
      {"mail_id", claimed.mail.id}, {"attempt", attempt}, {"error", why.message()}};
  if (why.code() == absl::StatusCode::kInvalidArgument) {
    LogWarning("mail refused for good", fields);
    refused_.Increment();
    return queue_.Finish(claimed.mail.id, MailOutcome::kRefused, now);
  }
  const absl::Time last = claimed.expire_time.value_or(absl::InfiniteFuture());
  // So that there are several tries before the mail expires.
  const absl::Duration most = std::max((last - now) / 4, kLeastPause);
  const absl::Time next = now + std::min(MailBackoff(attempt), most);
  if (next > claimed.create_time + kMailPatience || next >= last) {
    LogError("mail dropped, it could not be delivered for too long", fields);
    return Drop(claimed);
  }
  LogWarning("mail put off", fields);
  put_off_.Increment();
  return queue_.RetryAt(claimed.mail.id, next);
}

absl::Status MailSender::Drop(const ClaimedMail& claimed) {
  dropped_.Increment();
  return queue_.Finish(claimed.mail.id, MailOutcome::kDropped, clock_.Now());
}

}  // namespace rostrum::account
