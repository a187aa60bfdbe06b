#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "services/common/base/utf8.h"
#include "services/common/mail/message.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum {
namespace {

int Hex(char c) { return absl::ascii_isdigit(c) ? c - '0' : c - 'A' + 10; }

// "=C3=A4" undone; `underscore` as in encoded words.
std::string Unquoted(absl::string_view text, bool underscore) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=' && i + 2 < text.size() && absl::ascii_isxdigit(text[i + 1])) {
      out.push_back(static_cast<char>(Hex(text[i + 1]) * 16 + Hex(text[i + 2])));
      i += 2;
    } else {
      out.push_back(underscore && text[i] == '_' ? ' ' : text[i]);
    }
  }
  return out;
}

// A header's text as a reader of mails shows it.
std::string Shown(absl::string_view header) {
  if (!absl::StartsWith(header, "=?UTF-8?Q?")) return std::string(header);
  std::string out;
  for (absl::string_view word : absl::StrSplit(header, ' ')) {
    REQUIRE(word.size() <= 75, word);
    REQUIRE(absl::StartsWith(word, "=?UTF-8?Q?") && absl::EndsWith(word, "?="), word);
    word.remove_prefix(10);
    word.remove_suffix(2);
    const std::string piece = Unquoted(word, true);
    REQUIRE(CountCodePoints(piece).has_value(), word);
    out += piece;
  }
  return out;
}

// What breaks lines breaks them with LF alone.
std::string Lines(std::string text) {
  return absl::StrReplaceAll(absl::StrReplaceAll(text, {{"\r\n", "\n"}}), {{"\r", "\n"}});
}

// The value of a header that comes exactly once, its folding undone.
std::string HeaderOf(absl::string_view head, absl::string_view name) {
  const std::string unfolded = absl::StrReplaceAll(head, {{"\r\n ", " "}});
  std::vector<std::string> found;
  for (absl::string_view line : absl::StrSplit(unfolded, "\r\n")) {
    if (absl::StartsWith(line, absl::StrCat(name, ": "))) {
      found.emplace_back(line.substr(name.size() + 2));
    }
  }
  REQUIRE(found.size() == 1, head);
  return found[0];
}

void CheckLines(const std::string& mail) {
  for (const absl::string_view line : absl::StrSplit(mail, "\r\n")) {
    REQUIRE(line.find_first_of("\r\n") == absl::string_view::npos, line);
    REQUIRE(line.size() <= 998, line);
  }
}

void CheckBody(absl::string_view body, const std::string& text) {
  for (const absl::string_view line : absl::StrSplit(body, "\r\n")) {
    REQUIRE(line.size() <= 76, line);
    REQUIRE(line.empty() || (line.back() != ' ' && line.back() != '\t'), line);
    REQUIRE(std::all_of(line.begin(), line.end(),
                        [](unsigned char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; }),
            line);
  }
  std::string decoded = Unquoted(absl::StrReplaceAll(body, {{"=\r\n", ""}}), false);
  decoded = Lines(decoded);
  REQUIRE(decoded == Lines(text) + "\n", decoded);
}

}  // namespace

// Lines of the mail's head (to, name of the sender, subject, link to
// unsubscribe), then its text. What goes out is one mail with those headers and
// no others, and reads as what was written.
FUZZ_TARGET(mail) {
  MailMessage message{.from = "no-reply@rostrum.example",
                      .message_id = "<1@rostrum.example>",
                      .date = absl::FromUnixSeconds(1'800'000'000)};
  message.to = std::string(fuzz::TakeLine(input));
  message.from_name = std::string(fuzz::TakeLine(input));
  message.subject = std::string(fuzz::TakeLine(input));
  message.list_unsubscribe_url = std::string(fuzz::TakeLine(input));
  message.text = std::string(input);
  const auto mail = BuildMail(message);
  if (!mail.ok()) return;

  REQUIRE(IsMailAddress(message.to), message.to);
  REQUIRE(message.to.find_first_of(" \r\n,;<>()[]:\"\\") == std::string::npos, message.to);
  CheckLines(*mail);
  const size_t end = mail->find("\r\n\r\n");
  REQUIRE(end != std::string::npos, *mail);
  const std::string head = mail->substr(0, end);
  REQUIRE(HeaderOf(head, "To") == message.to, head);
  REQUIRE(Shown(HeaderOf(head, "Subject")) == message.subject, head);
  const std::string from = HeaderOf(head, "From");
  REQUIRE(absl::EndsWith(from, message.from_name.empty() ? message.from
                                                         : absl::StrCat("<", message.from, ">")),
          from);
  const size_t headers = message.list_unsubscribe_url.empty() ? 9 : 11;
  REQUIRE(
      std::vector<std::string>(absl::StrSplit(absl::StrReplaceAll(head, {{"\r\n ", " "}}), "\r\n"))
              .size() == headers,
      head);
  CheckBody(absl::string_view(*mail).substr(end + 4), message.text);

  message.html = message.text;
  const auto both = BuildMail(message);
  REQUIRE(both.ok(), message.text);
  CheckLines(*both);
  const std::string type = HeaderOf(both->substr(0, both->find("\r\n\r\n")), "Content-Type");
  const size_t quote = type.find('"');
  const std::string boundary = type.substr(quote + 1, type.size() - quote - 2);
  const std::vector<std::string> parts = absl::StrSplit(*both, absl::StrCat("\r\n--", boundary));
  REQUIRE(parts.size() == 4 && parts[3] == "--\r\n", *both);
}

}  // namespace rostrum
