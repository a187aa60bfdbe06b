#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rostrum {

// The parts of a mail (RFC 5322, 2045-2047). BuildMail makes its bytes once; they are
// stored, so that every attempt sends the same message.
struct MailMessage {
  std::string from;  // address only: "no-reply@example.org"
  std::string from_name;
  std::string to;  // address only
  std::string subject;
  std::string text;        // text/plain, UTF-8, required
  std::string html;        // text/html, UTF-8, optional
  std::string message_id;  // "<unique@host>"
  absl::Time date;
  // One-click unsubscribe (RFC 8058); optional.
  std::string list_unsubscribe_url;
};

// The bytes to send: CRLF, lines under 998, quoted-printable, encoded words.
// INVALID_ARGUMENT if a header would hold CR, LF or NUL.
absl::StatusOr<std::string> BuildMail(const MailMessage& message);

// True if `address` is a plausible addr-spec: one @, dot-atom local part of
// 1..64, domain of at most 253 with letters, digits, hyphens, dots; 254 in all.
bool IsMailAddress(absl::string_view address);

}  // namespace rostrum
