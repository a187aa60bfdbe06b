#include "gateway/http/head_policy.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/network.h"

namespace rostrum::http {
namespace {

using MaybeRefusal = std::optional<Refusal>;

Refusal Bad(absl::string_view reason, absl::string_view message) {
  return {400, std::string(reason), std::string(message)};
}
Refusal TargetTooLong() { return {414, "TARGET_TOO_LONG", "the request target is too long"}; }
Refusal HeadTooLarge() { return {431, "HEAD_TOO_LARGE", "the request header is too large"}; }

constexpr absl::string_view kMethods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};
// If one of these came twice, a proxy and the gateway might each use a different one.
constexpr absl::string_view kSingleFields[] = {
    "host",          "content-length",   "transfer-encoding",
    "content-type",  "content-encoding", "cookie",
    "authorization", "origin",           "sec-fetch-site",
    "expect",        "if-match",         "idempotency-key",
    "last-event-id"};

bool IsListed(absl::string_view value, const absl::string_view* begin,
              const absl::string_view* end) {
  return std::find(begin, end, value) != end;
}

bool TakesBody(absl::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// Decodes the path once, to find dot segments that are percent-encoded too.
bool HasDotSegment(absl::string_view path) {
  std::string decoded;
  decoded.reserve(path.size());
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      decoded += absl::HexStringToBytes(path.substr(i + 1, 2));
      i += 2;
    } else {
      decoded.push_back(path[i]);
    }
  }
  for (absl::string_view segment : absl::StrSplit(decoded, absl::ByAnyChar("/\\"))) {
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

MaybeRefusal CheckTargetCharacters(absl::string_view target) {
  bool in_query = false;
  for (size_t i = 0; i < target.size(); ++i) {
    const auto c = static_cast<unsigned char>(target[i]);
    if (c == '?') in_query = true;
    // Browsers leave | { } ^ ` [ ] and, in the query, \ as they are.
    if (c <= 0x20 || c >= 0x7f || c == '#' || c == '"' || c == '<' || c == '>' ||
        (c == '\\' && !in_query)) {
      return Bad("INVALID_TARGET", "the request target has a character that must be encoded");
    }
    if (c != '%') continue;
    if (i + 2 >= target.size() || !absl::ascii_isxdigit(target[i + 1]) ||
        !absl::ascii_isxdigit(target[i + 2])) {
      return Bad("INVALID_TARGET", "the request target has a bad percent-encoding");
    }
    if (target[i + 1] == '0' && target[i + 2] == '0') {
      return Bad("INVALID_TARGET", "the request target has a NUL");
    }
    i += 2;
  }
  return std::nullopt;
}

MaybeRefusal CheckTarget(absl::string_view target, const HeadLimits& limits, RequestHead& head) {
  if (target.size() > limits.target_bytes) return TargetTooLong();
  if (target.empty() || target.front() != '/') {
    return Bad("INVALID_TARGET", "the request target must be a path");
  }
  if (MaybeRefusal refusal = CheckTargetCharacters(target)) return refusal;
  const size_t question = target.find('?');
  const absl::string_view path = target.substr(0, question);
  if (absl::StrContains(path, "//") || HasDotSegment(path)) {
    return Bad("INVALID_TARGET", "the path has an empty or a dot segment");
  }
  head.target = std::string(target);
  head.path = std::string(path);
  head.query = question == absl::string_view::npos ? "" : std::string(target.substr(question + 1));
  return std::nullopt;
}

MaybeRefusal CheckRequestLine(absl::string_view line, const HeadLimits& limits, RequestHead& head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == absl::string_view::npos || first == last) {
    return Bad("INVALID_REQUEST_LINE", "the request line is malformed");
  }
  const absl::string_view method = line.substr(0, first);
  const absl::string_view version = line.substr(last + 1);
  if (!IsToken(method)) return Bad("INVALID_REQUEST_LINE", "the method is malformed");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    if (version.size() == 8 && absl::StartsWith(version, "HTTP/") &&
        absl::ascii_isdigit(version[5]) && version[6] == '.' && absl::ascii_isdigit(version[7])) {
      return Refusal{505, "VERSION_NOT_SUPPORTED", "only HTTP/1.1 and HTTP/1.0 are spoken here"};
    }
    return Bad("INVALID_REQUEST_LINE", "the protocol version is malformed");
  }
  if (!IsListed(method, std::begin(kMethods), std::end(kMethods))) {
    return Refusal{405, "METHOD_NOT_ALLOWED", "the method is not allowed"};
  }
  head.method = std::string(method);
  head.minor_version = version.back() - '0';
  return CheckTarget(line.substr(first + 1, last - first - 1), limits, head);
}

MaybeRefusal CheckField(absl::string_view line, RequestHead& head) {
  if (line.front() == ' ' || line.front() == '\t') {
    return Bad("OBSOLETE_FOLDING", "header lines must not be folded");
  }
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos || !IsToken(line.substr(0, colon))) {
    return Bad("INVALID_HEADER", "a header name is malformed");
  }
  const absl::string_view value = TrimOws(line.substr(colon + 1));
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
      return Bad("INVALID_HEADER", "a header value has a control character");
    }
  }
  head.headers.Add(line.substr(0, colon), value);
  return std::nullopt;
}

MaybeRefusal CheckFields(absl::string_view lines, const HeadLimits& limits, RequestHead& head) {
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    if (end == 0) break;  // the empty line
    if (head.headers.size() == limits.fields) {
      return Refusal{431, "TOO_MANY_HEADERS", "the request has too many headers"};
    }
    if (MaybeRefusal refusal = CheckField(lines.substr(0, end), head)) return refusal;
    lines.remove_prefix(end + 2);
  }
  for (const absl::string_view name : kSingleFields) {
    if (head.headers.Count(name) > 1) {
      return Bad("DUPLICATE_HEADER", absl::StrCat("more than one ", name, " header"));
    }
  }
  return std::nullopt;
}

MaybeRefusal CheckHost(const RequestHead& head) {
  const std::string* host = head.headers.Find("host");
  if (host == nullptr) return Bad("INVALID_HOST", "the Host header is missing");
  if (!IsValidHost(*host)) return Bad("INVALID_HOST", "the Host header is malformed");
  return std::nullopt;
}

MaybeRefusal CheckFraming(RequestHead& head) {
  const std::string* coding = head.headers.Find("transfer-encoding");
  const std::string* length = head.headers.Find("content-length");
  if (coding != nullptr) {
    if (length != nullptr) {
      return Bad("AMBIGUOUS_LENGTH", "Content-Length beside Transfer-Encoding");
    }
    if (head.minor_version == 0 || !absl::EqualsIgnoreCase(*coding, "chunked")) {
      return Bad("INVALID_TRANSFER_ENCODING", "the only transfer coding is chunked, on HTTP/1.1");
    }
    head.chunked = true;
  }
  if (length != nullptr) {
    uint64_t value = 0;
    if (length->empty() || length->size() > 10 ||
        !std::all_of(length->begin(), length->end(), absl::ascii_isdigit) ||
        !absl::SimpleAtoi(*length, &value)) {
      return Bad("INVALID_CONTENT_LENGTH", "Content-Length is not a number of bytes");
    }
    head.content_length = value;
  }
  if (!head.has_body()) return std::nullopt;
  if (!TakesBody(head.method)) return Bad("UNEXPECTED_BODY", "this method takes no body");
  const std::string* encoding = head.headers.Find("content-encoding");
  if (encoding != nullptr && !absl::EqualsIgnoreCase(*encoding, "identity")) {
    return Refusal{415, "UNSUPPORTED_CONTENT_ENCODING", "bodies must come uncompressed"};
  }
  return std::nullopt;
}

MaybeRefusal CheckConnectionOptions(RequestHead& head) {
  bool close = false;
  bool keep = false;
  for (const auto& [name, value] : head.headers) {
    if (!absl::EqualsIgnoreCase(name, "connection")) continue;
    for (absl::string_view option : absl::StrSplit(value, ',')) {
      close = close || absl::EqualsIgnoreCase(TrimOws(option), "close");
      keep = keep || absl::EqualsIgnoreCase(TrimOws(option), "keep-alive");
    }
  }
  head.keep_alive = !close && (head.minor_version == 1 || keep);
  if (const std::string* expect = head.headers.Find("expect")) {
    if (!absl::EqualsIgnoreCase(*expect, "100-continue")) {
      return Refusal{417, "EXPECTATION_FAILED", "the expectation cannot be met"};
    }
    head.expects_continue = head.minor_version == 1 && head.has_body();
  }
  return std::nullopt;
}

}  // namespace

HeadScan ScanHead(absl::string_view bytes, size_t scanned, const HeadLimits& limits) {
  HeadScan scan;
  if (!bytes.empty() && !IsTokenCharacter(bytes.front())) {
    scan.refusal = Bad("INVALID_REQUEST_LINE", "this is not an HTTP request");
    return scan;
  }
  size_t from = scanned;
  for (;;) {
    const size_t lf = bytes.find('\n', from);
    if (lf == absl::string_view::npos) break;
    if (lf == 0 || bytes[lf - 1] != '\r') {
      scan.refusal = Bad("INVALID_LINE_END", "lines must end with CR LF");
      return scan;
    }
    if (lf >= 3 && bytes[lf - 2] == '\n') {
      scan.size = lf + 1;
      break;
    }
    from = lf + 1;
  }
  const size_t used = scan.size != 0 ? scan.size : bytes.size();
  const size_t line = std::min(bytes.find('\n'), bytes.size());
  // The method and the version take less than 32 bytes of the request line.
  if (line > limits.target_bytes + 32) {
    scan.refusal = TargetTooLong();
  } else if (used > limits.head_bytes || (scan.size == 0 && used == limits.head_bytes)) {
    scan.refusal = HeadTooLarge();
  }
  return scan;
}

MaybeRefusal CheckHead(absl::string_view raw, const HeadLimits& limits, RequestHead& head) {
  if (raw.size() > limits.head_bytes) return HeadTooLarge();
  // The size check keeps "CR LF CR LF" alone from passing as a request line.
  const size_t line_end = raw.find("\r\n");
  if (raw.size() < 4 || !absl::EndsWith(raw, "\r\n\r\n") || line_end == 0) {
    return Bad("INVALID_REQUEST_LINE", "the request line is malformed");
  }
  for (size_t i = 0; i < raw.size(); ++i) {
    const bool cr_alone = raw[i] == '\r' && (i + 1 == raw.size() || raw[i + 1] != '\n');
    const bool lf_alone = raw[i] == '\n' && (i == 0 || raw[i - 1] != '\r');
    if (cr_alone || lf_alone) return Bad("INVALID_LINE_END", "lines must end with CR LF");
  }
  if (MaybeRefusal refusal = CheckRequestLine(raw.substr(0, line_end), limits, head)) {
    return refusal;
  }
  if (MaybeRefusal refusal = CheckFields(raw.substr(line_end + 2), limits, head)) return refusal;
  if (MaybeRefusal refusal = CheckHost(head)) return refusal;
  if (MaybeRefusal refusal = CheckFraming(head)) return refusal;
  return CheckConnectionOptions(head);
}

bool IsValidHost(absl::string_view host) {
  if (host.empty() || host.size() > 255 + 6) return false;
  absl::string_view name = host;
  absl::string_view port;
  if (host.front() == '[') {
    const size_t end = host.find(']');
    if (end == absl::string_view::npos) return false;
    const absl::string_view address = host.substr(1, end - 1);
    if (!absl::StrContains(address, ':') || !IpAddress::Parse(address).ok()) return false;
    port = host.substr(end + 1);
  } else {
    const size_t colon = host.find(':');
    name = host.substr(0, colon);
    port = colon == absl::string_view::npos ? "" : host.substr(colon);
    const bool valid = !name.empty() && name.front() != '.' && !absl::StrContains(name, "..") &&
                       std::all_of(name.begin(), name.end(), [](unsigned char c) {
                         return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
                       });
    if (!valid) return false;
  }
  if (port.empty()) return true;
  port.remove_prefix(1);
  uint32_t number = 0;
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(port, &number) && number >= 1 && number <= 65535 &&
         host[host.size() - port.size() - 1] == ':';
}

}  // namespace rostrum::http
