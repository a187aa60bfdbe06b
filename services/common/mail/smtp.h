#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace rostrum {

// Delivers finished mail bytes. Thread-safe.
class MailTransport {
 public:
  virtual ~MailTransport() = default;
  // UNAVAILABLE: try again later. The connection or login failed, or the relay answered
  // with 4xx, or with a 5xx that is about the sender or the content, since the relay's
  // configuration may be mended. INVALID_ARGUMENT: the relay refused the recipient
  // permanently (5xx), or an address is not valid. The status message may be logged.
  virtual absl::Status Send(const std::string& from, const std::string& to,
                            const std::string& bytes) = 0;
};

struct SmtpOptions {
  std::string url;  // "smtp://host:port" or "smtps://host:port"
  std::string username;
  std::string password;
  bool require_tls = false;
  absl::Duration timeout = absl::Seconds(30);
};

// SMTP by libcurl.
class SmtpTransport final : public MailTransport {
 public:
  explicit SmtpTransport(SmtpOptions options);
  absl::Status Send(const std::string& from, const std::string& to,
                    const std::string& bytes) override;

 private:
  const SmtpOptions options_;
};

}  // namespace rostrum
