#include "services/common/mail/message.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum {
namespace {

constexpr char kCrlf[] = "\r\n";
constexpr size_t kMaxEncodedLine = 76;
// Bytes of text in one encoded word, three characters for a byte: with
// "Subject: =?UTF-8?Q?" and "?=" a line has at most 76 characters.
constexpr size_t kMaxEncodedWordBytes = 18;

bool IsHeaderSafe(absl::string_view text) {
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == '\0') return false;
  }
  return CountCodePoints(text).has_value();
}

// The URL is written between angle brackets without folding, and a line has at most 998 bytes
// (RFC 5322, 2.1.1).
bool IsHeaderUrl(absl::string_view url) {
  return url.size() <= 900 && std::all_of(url.begin(), url.end(), [](unsigned char c) {
           return c > 0x20 && c < 0x7f && c != '<' && c != '>';
         });
}

bool IsPlainHeader(absl::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return text.size() < 60 && !absl::StrContains(text, "=?");
}

// RFC 2047 words, each of whole code points.
std::string EncodeWords(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    const absl::string_view chunk = TruncateUtf8(text, kMaxEncodedWordBytes);
    text.remove_prefix(chunk.size());
    if (!out.empty()) absl::StrAppend(&out, kCrlf, " ");
    out += "=?UTF-8?Q?";
    for (const char c : chunk) {
      if (absl::ascii_isalnum(c)) {
        out += c;
      } else if (c == ' ') {
        out += '_';
      } else {
        absl::StrAppendFormat(&out, "=%02X", static_cast<unsigned char>(c));
      }
    }
    out += "?=";
  }
  return out;
}

std::string HeaderText(absl::string_view text) {
  return IsPlainHeader(text) ? std::string(text) : EncodeWords(text);
}

std::string QuotedName(absl::string_view name) {
  if (!IsPlainHeader(name)) return EncodeWords(name);
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// RFC 2045, 6.7. Line breaks of any kind become CRLF.
std::string QuotedPrintable(absl::string_view text) {
  std::string out;
  size_t column = 0;
  const auto append = [&](absl::string_view piece) {
    if (column + piece.size() > kMaxEncodedLine - 1) {
      absl::StrAppend(&out, "=", kCrlf);
      column = 0;
    }
    absl::StrAppend(&out, piece);
    column += piece.size();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (c == '\n' || c == '\r') {
      out += kCrlf;
      column = 0;
      continue;
    }
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    const bool blank = c == ' ' || c == '\t';
    // Mail transports may change a line that begins with a dot or with "From".
    const bool begins = column == 0 || column == kMaxEncodedLine - 1;
    const bool delicate = begins && (c == '.' || c == 'F');
    const bool plain = (c >= 0x21 && c <= 0x7e && c != '=' && !delicate) || (blank && !at_end);
    append(plain ? std::string(1, c) : absl::StrFormat("=%02X", static_cast<unsigned char>(c)));
  }
  return out;
}

std::string Part(absl::string_view type, absl::string_view content) {
  return absl::StrCat("Content-Type: ", type, "; charset=utf-8", kCrlf,
                      "Content-Transfer-Encoding: quoted-printable", kCrlf, kCrlf,
                      QuotedPrintable(content), kCrlf);
}

absl::Status Check(const MailMessage& message) {
  for (const std::string* header :
       {&message.from, &message.from_name, &message.to, &message.subject, &message.message_id,
        &message.list_unsubscribe_url}) {
    if (!IsHeaderSafe(*header)) {
      return absl::InvalidArgumentError("a header of a mail would hold a line break or no UTF-8");
    }
  }
  if (!IsMailAddress(message.from) || !IsMailAddress(message.to)) {
    return absl::InvalidArgumentError("a mail needs an address it is from and one it goes to");
  }
  if (!IsHeaderUrl(message.list_unsubscribe_url)) {
    return absl::InvalidArgumentError("the link to unsubscribe is too long or no link");
  }
  if (message.text.empty() || message.message_id.empty()) {
    return absl::InvalidArgumentError("a mail needs a text and a message id");
  }
  return absl::OkStatus();
}

bool IsAtext(char c) {
  return absl::ascii_isalnum(c) || absl::StrContains("!#$%&'*+-/=?^_`{|}~", std::string(1, c));
}

bool IsLocalPart(absl::string_view local) {
  if (local.empty() || local.size() > 64 || local.front() == '.' || local.back() == '.')
    return false;
  for (size_t i = 0; i < local.size(); ++i) {
    if (local[i] == '.' ? local[i + 1] == '.' : !IsAtext(local[i])) return false;
  }
  return true;
}

bool IsDomain(absl::string_view domain) {
  if (domain.empty() || domain.size() > 253) return false;
  for (const absl::string_view label : absl::StrSplit(domain, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    for (const char c : label) {
      if (!absl::ascii_isalnum(c) && c != '-') return false;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> BuildMail(const MailMessage& message) {
  RETURN_IF_ERROR(Check(message));
  std::string mail = absl::StrCat(
      "Date: ", absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", message.date, absl::UTCTimeZone()),
      kCrlf, "From: ",
      message.from_name.empty()
          ? message.from
          : absl::StrCat(QuotedName(message.from_name), " <", message.from, ">"),
      kCrlf, "To: ", message.to, kCrlf, "Subject: ", HeaderText(message.subject), kCrlf,
      "Message-ID: ", message.message_id, kCrlf, "MIME-Version: 1.0", kCrlf,
      "Auto-Submitted: auto-generated", kCrlf);
  if (!message.list_unsubscribe_url.empty()) {
    absl::StrAppend(&mail, "List-Unsubscribe: <", message.list_unsubscribe_url, ">", kCrlf,
                    "List-Unsubscribe-Post: List-Unsubscribe=One-Click", kCrlf);
  }
  if (message.html.empty()) return absl::StrCat(mail, Part("text/plain", message.text));
  // "=_" cannot occur in the parts, because they are quoted-printable.
  const std::string boundary = absl::StrCat("=_", Hex(Sha256(message.message_id)).substr(0, 32));
  const std::string begin = absl::StrCat("--", boundary, kCrlf);
  return absl::StrCat(mail, "Content-Type: multipart/alternative; boundary=\"", boundary, "\"",
                      kCrlf, kCrlf, begin, Part("text/plain", message.text), begin,
                      Part("text/html", message.html), "--", boundary, "--", kCrlf);
}

bool IsMailAddress(absl::string_view address) {
  if (address.size() > 254) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(address, '@');
  return parts.size() == 2 && IsLocalPart(parts[0]) && IsDomain(parts[1]);
}

}  // namespace rostrum
