#include "gateway/http/response_head.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rostrum::http {
namespace {

// The Date of an answer (RFC 9110, 5.6.7), formatted once per second and thread.
const std::string& HttpDate() {
  thread_local time_t formatted = 0;
  thread_local std::string text;
  const time_t now = std::time(nullptr);
  if (now != formatted) {
    std::tm utc;
    gmtime_r(&now, &utc);
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::array<char, 64> buffer;
    (void)std::snprintf(buffer.data(), buffer.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                        kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900,
                        utc.tm_hour, utc.tm_min, utc.tm_sec);
    text = buffer.data();
    formatted = now;
  }
  return text;
}

bool IsServersOwn(absl::string_view name) {
  for (const absl::string_view own :
       {"content-length", "transfer-encoding", "connection", "keep-alive", "date"}) {
    if (absl::EqualsIgnoreCase(name, own)) return true;
  }
  return false;
}

bool IsSafeValue(absl::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

}  // namespace

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

std::string ResponseHead(int status, const HttpHeaders& headers, const ResponseFraming& framing) {
  if (status < 200 || status > 599) return "";
  std::string head;
  head.reserve(512);
  absl::StrAppend(&head, "HTTP/1.1 ", status, " ", ReasonPhrase(status), "\r\n");
  for (const auto& [name, value] : headers) {
    if (!IsToken(name) || !IsSafeValue(value)) return "";
    if (!IsServersOwn(name)) absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&head, "Date: ", HttpDate(), "\r\n");
  if (framing.content_length.has_value()) {
    absl::StrAppend(&head, "Content-Length: ", *framing.content_length, "\r\n");
  }
  if (framing.chunked) absl::StrAppend(&head, "Transfer-Encoding: chunked\r\n");
  if (!framing.keep_alive) {
    absl::StrAppend(&head, "Connection: close\r\n");
  } else if (framing.minor_version == 0) {
    absl::StrAppend(&head, "Connection: keep-alive\r\n");
  }
  absl::StrAppend(&head, "\r\n");
  return head;
}

}  // namespace rostrum::http
