#include "gateway/web/caught_mail.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "services/common/base/utf8.h"

namespace rostrum::gateway {
namespace {

constexpr size_t kMaxMailBytes = 1 << 20;

// "=41" is a byte; "=" at the end of a line joins it with the next.
std::string DecodeQuotedPrintable(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\n') {
      ++i;
    } else if (i + 2 < text.size() && absl::ascii_isxdigit(text[i + 1]) &&
               absl::ascii_isxdigit(text[i + 2])) {
      out += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    }
  }
  return out;
}

// Encoded words (RFC 2047, Q) as text.
std::string DecodeHeader(absl::string_view text) {
  constexpr absl::string_view kBegin = "=?UTF-8?Q?";
  std::string out;
  while (!text.empty()) {
    const size_t begin = text.find(kBegin);
    const absl::string_view plain = text.substr(0, begin);
    // White space between encoded words does not belong to the text.
    if (out.empty() || !absl::StripAsciiWhitespace(plain).empty()) absl::StrAppend(&out, plain);
    if (begin == absl::string_view::npos) break;
    text.remove_prefix(begin + kBegin.size());
    const size_t end = text.find("?=");
    if (end == absl::string_view::npos) break;
    out += DecodeQuotedPrintable(absl::StrReplaceAll(text.substr(0, end), {{"_", " "}}));
    text.remove_prefix(end + 2);
  }
  return out;
}

std::string HeaderOf(absl::string_view head, absl::string_view name) {
  std::string value;
  bool found = false;
  for (const absl::string_view line : absl::StrSplit(head, '\n')) {
    if (found && !line.empty() && (line[0] == ' ' || line[0] == '\t')) {
      absl::StrAppend(&value, " ", absl::StripAsciiWhitespace(line));
    } else if (found) {
      break;
    } else if (absl::StartsWithIgnoreCase(line, absl::StrCat(name, ":"))) {
      value = std::string(absl::StripAsciiWhitespace(line.substr(name.size() + 1)));
      found = true;
    }
  }
  return DecodeHeader(value);
}

// The plain part: the first text/plain among the parts, else everything.
std::string PlainPart(absl::string_view head, absl::string_view body) {
  const size_t boundary_at = head.find("boundary=\"");
  if (boundary_at == absl::string_view::npos) {
    return absl::StrContains(head, "quoted-printable") ? DecodeQuotedPrintable(body)
                                                       : std::string(body);
  }
  absl::string_view boundary = head.substr(boundary_at + 10);
  boundary = boundary.substr(0, boundary.find('"'));
  for (const absl::string_view part : absl::StrSplit(body, absl::StrCat("--", boundary))) {
    const size_t end = part.find("\n\n");
    if (end == absl::string_view::npos || !absl::StrContains(part.substr(0, end), "text/plain")) {
      continue;
    }
    return PlainPart(part.substr(0, end), part.substr(end + 2));
  }
  return "";
}

}  // namespace

CaughtMail ParseMail(const std::string& bytes, const std::string& public_url) {
  const std::string text = absl::StrReplaceAll(bytes, {{"\r\n", "\n"}});
  const size_t end = text.find("\n\n");
  const absl::string_view head = absl::string_view(text).substr(0, end);
  CaughtMail mail{.to = HeaderOf(head, "To"),
                  .subject = HeaderOf(head, "Subject"),
                  .date = HeaderOf(head, "Date")};
  if (end != std::string::npos)
    mail.text = PlainPart(head, absl::string_view(text).substr(end + 2));
  if (!IsCleanUtf8(mail.text)) mail.text.clear();
  const size_t link = mail.text.find(absl::StrCat(public_url, "/"));
  if (link != std::string::npos) {
    const absl::string_view url = absl::string_view(mail.text).substr(link + public_url.size());
    mail.link_path = std::string(url.substr(0, url.find_first_of(" \n")));
  }
  return mail;
}

std::vector<CaughtMail> ReadMaildir(const std::string& folder, const std::string& public_url,
                                    int limit) {
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/new", error)) {
    const auto time = entry.last_write_time(error);
    if (!error && entry.file_size(error) <= kMaxMailBytes) files.emplace_back(time, entry.path());
  }
  std::sort(files.rbegin(), files.rend());
  if (files.size() > static_cast<size_t>(limit)) files.resize(limit);
  std::vector<CaughtMail> mails;
  for (const auto& [time, path] : files) {
    std::ifstream file(path);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    mails.push_back(ParseMail(bytes.str(), public_url));
  }
  return mails;
}

}  // namespace rostrum::gateway
