#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/account/account.h"
#include "services/account/mail_queue.h"
#include "services/common/base/clock.h"

namespace rostrum::account {

struct MailSettings {
  std::string site_name;   // "Rostrum"
  std::string public_url;  // "https://example.org", without a slash at the end
  std::string from;        // address
  std::string from_name;
};

// Writes the mails of this service: text and HTML, short, without pictures and without
// anything that shows whether they were read. Thread-safe.
class Mails {
 public:
  Mails(MailSettings settings, Clock& clock);

  // Link and six-digit code of a sign-up; the link alone if `code` is empty. Does not contain the
  // name that was typed, because a stranger could send any text to the address with it.
  absl::StatusOr<Mail> VerifyAddress(const std::string& email, const std::string& token,
                                     const std::string& code, absl::Duration lifetime) const;
  // Somebody signed up with an address that has an account.
  absl::StatusOr<Mail> AlreadyMember(const std::string& email) const;
  absl::StatusOr<Mail> LoginLink(const std::string& email, const std::string& token) const;
  absl::StatusOr<Mail> PasswordReset(const std::string& email, const std::string& token) const;
  // A trial ends; the time is given in the reader's time zone.
  absl::StatusOr<Mail> TrialEnding(const Account& account, absl::Time end_time) const;
  absl::StatusOr<Mail> PasswordChanged(const std::string& email) const;
  // By a reset link, which ends access tokens too.
  absl::StatusOr<Mail> PasswordWasReset(const std::string& email) const;

  const std::string& site_name() const { return settings_.site_name; }

 private:
  struct Content;
  absl::StatusOr<Mail> NewPassword(const std::string& email, const std::string& what_ended) const;
  absl::StatusOr<Mail> Build(const std::string& email, const Content& content) const;

  const MailSettings settings_;
  const std::string host_;  // of Message-IDs
  Clock& clock_;
};

}  // namespace rostrum::account
