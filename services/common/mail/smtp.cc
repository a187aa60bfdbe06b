#include "services/common/mail/smtp.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/common/base/status.h"
#include "services/common/curl/curl.h"
#include "services/common/mail/message.h"

namespace rostrum {
namespace {

constexpr long kConnectSeconds = 10;

struct Upload {
  const std::string* bytes;
  size_t sent = 0;
};

size_t ReadUpload(char* buffer, size_t size, size_t count, void* user) {
  auto* upload = static_cast<Upload*>(user);
  const size_t length = std::min(size * count, upload->bytes->size() - upload->sent);
  std::copy_n(upload->bytes->data() + upload->sent, length, buffer);
  upload->sent += length;
  return length;
}

// Whether the first line of an answer to RCPT TO refuses the recipient. Many relays report
// problems with the sender only in this answer, which are not meant here: 530, and the enhanced
// codes of RFC 3463 for policy (5.7) and for the sender's address (5.1.7, 5.1.8).
bool RefusesRecipient(absl::string_view answer) {
  if (!absl::StartsWith(answer, "5") || absl::StartsWith(answer, "530")) return false;
  const absl::string_view kind = absl::ClippedSubstr(answer, 4);
  return !absl::StartsWith(kind, "5.7.") && !absl::StartsWith(kind, "5.1.7") &&
         !absl::StartsWith(kind, "5.1.8");
}

// libcurl gives the last reply code, but not the command that it answers.
struct Dialogue {
  bool recipient_named = false;  // the last command was RCPT TO and has no answer yet
  bool recipient_refused = false;
};

int Follow(CURL*, curl_infotype type, char* data, size_t size, void* user) {
  auto* dialogue = static_cast<Dialogue*>(user);
  const absl::string_view line(data, size);
  if (type == CURLINFO_HEADER_OUT) {
    dialogue->recipient_named = absl::StartsWith(line, "RCPT TO:");
  } else if (type == CURLINFO_HEADER_IN && std::exchange(dialogue->recipient_named, false)) {
    dialogue->recipient_refused = RefusesRecipient(line);
  }
  return 0;
}

}  // namespace

SmtpTransport::SmtpTransport(SmtpOptions options) : options_(std::move(options)) {}

absl::Status SmtpTransport::Send(const std::string& from, const std::string& to,
                                 const std::string& bytes) {
  if (!IsMailAddress(from) || !IsMailAddress(to)) {
    return absl::InvalidArgumentError("a mail goes from one address to another");
  }
  Dialogue dialogue;  // declared before curl, whose destructor sends QUIT
  const Curl curl = NewCurl(options_.url, "smtp,smtps", options_.timeout);
  CurlList recipients;
  Append(recipients, absl::StrCat("<", to, ">"));
  Upload upload{&bytes};
  const std::string sender = absl::StrCat("<", from, ">");
  CURL* const c = curl.get();
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(c, CURLOPT_USE_SSL,
                   static_cast<long>(options_.require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!options_.username.empty()) {
    curl_easy_setopt(c, CURLOPT_USERNAME, options_.username.c_str());
    curl_easy_setopt(c, CURLOPT_PASSWORD, options_.password.c_str());
  }
  curl_easy_setopt(c, CURLOPT_MAIL_FROM, sender.c_str());
  curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(c, CURLOPT_READFUNCTION, ReadUpload);
  curl_easy_setopt(c, CURLOPT_READDATA, &upload);
  curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);  // makes libcurl call Follow
  curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, Follow);
  curl_easy_setopt(c, CURLOPT_DEBUGDATA, &dialogue);
  const CURLcode result = curl_easy_perform(c);
  if (result == CURLE_OK) return absl::OkStatus();

  const std::string message =
      absl::StrCat("mail relay: ", curl_easy_strerror(result), ", code ", ResponseCode(curl));
  if (dialogue.recipient_refused) {
    return Error(absl::StatusCode::kInvalidArgument, "MAIL_REFUSED", message);
  }
  return Unavailable(message);
}

}  // namespace rostrum
