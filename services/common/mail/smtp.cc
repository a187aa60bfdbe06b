#include "services/common/mail/smtp.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

}  // namespace

SmtpTransport::SmtpTransport(SmtpOptions options) : options_(std::move(options)) {}

absl::Status SmtpTransport::Send(const std::string& from, const std::string& to,
                                 const std::string& bytes) {
  if (!IsMailAddress(from) || !IsMailAddress(to)) {
    return absl::InvalidArgumentError("a mail goes from one address to another");
  }
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
  const CURLcode result = curl_easy_perform(c);
  if (result == CURLE_OK) return absl::OkStatus();

  const long code = ResponseCode(curl);
  // 530 wants a login or TLS, and a 5xx greeting (a weird reply before any byte
  // was sent) is about this client: neither says anything of the recipient.
  const bool greeted_badly = result == CURLE_WEIRD_SERVER_REPLY && upload.sent == 0;
  const bool refused = code >= 500 && code < 600 && code != 530 && !greeted_badly &&
                       result != CURLE_LOGIN_DENIED && result != CURLE_USE_SSL_FAILED;
  const std::string message =
      absl::StrCat("mail relay: ", curl_easy_strerror(result), ", code ", code);
  if (refused) return Error(absl::StatusCode::kInvalidArgument, "MAIL_REFUSED", message);
  return Unavailable(message);
}

}  // namespace rostrum
