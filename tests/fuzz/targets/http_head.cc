#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gateway/http/head_policy.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::http {
namespace {

// The same head as a parser would write it that read nothing into it.
std::string Rewritten(const RequestHead& head) {
  std::string raw =
      absl::StrCat(head.method, " ", head.target, " HTTP/1.", head.minor_version, "\r\n");
  for (const auto& [name, value] : head.headers) absl::StrAppend(&raw, name, ": ", value, "\r\n");
  return raw + "\r\n";
}

void CheckTarget(const RequestHead& head) {
  REQUIRE(head.target == head.path || head.target == head.path + "?" + head.query, head.target);
  REQUIRE(absl::StartsWith(head.path, "/") && !absl::StrContains(head.path, "//"), head.path);
  for (const char* dots : {"/../", "/./", "/%2e%2e/", "/%2E%2E/", "/.%2e/", "\\"}) {
    REQUIRE(!absl::StrContains(head.path + "/", dots), head.path);
  }
  REQUIRE(std::all_of(head.target.begin(), head.target.end(),
                      [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '#'; }),
          head.target);
}

void CheckFields(const RequestHead& head) {
  REQUIRE(head.headers.Count("host") == 1, "host");
  REQUIRE(IsValidHost(*head.headers.Find("host")), *head.headers.Find("host"));
  REQUIRE(head.headers.Count("content-length") <= 1, "content-length");
  REQUIRE(!head.chunked || !head.headers.Has("content-length"), "chunked");
  REQUIRE(head.chunked == head.headers.Has("transfer-encoding"), "chunked");
  REQUIRE(head.content_length.has_value() == head.headers.Has("content-length"), "length");
  REQUIRE(!head.has_body() || (head.method != "GET" && head.method != "HEAD"), head.method);
  for (const auto& [name, value] : head.headers) {
    REQUIRE(IsToken(name), name);
    REQUIRE(std::none_of(value.begin(), value.end(),
                         [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }),
            value);
  }
}

// However the bytes arrive, the head ends at the same one.
void CheckPieces(absl::string_view input, const HeadScan& whole, const HeadLimits& limits) {
  size_t scanned = 0;
  for (const size_t some : {input.size() / 3, input.size() / 2, input.size()}) {
    const HeadScan scan = ScanHead(input.substr(0, some), scanned, limits);
    scanned = some;
    if (scan.size == 0 && !scan.refusal.has_value()) continue;
    REQUIRE(scan.size == whole.size || scan.refusal.has_value(), input);
    REQUIRE(scan.refusal.has_value() == whole.refusal.has_value(), input);
    return;
  }
  REQUIRE(whole.size == 0 && !whole.refusal.has_value(), input);
}

}  // namespace

// A head that is let through says one thing only: written again from what was
// read it is read as the same.
FUZZ_TARGET(http_head) {
  static const HeadLimits* const limits =
      new HeadLimits{.head_bytes = 4096, .target_bytes = 1024, .fields = 16};
  const HeadScan scan = ScanHead(input, 0, *limits);
  CheckPieces(input, scan, *limits);
  if (scan.refusal.has_value()) {
    REQUIRE(scan.refusal->status >= 400 && scan.refusal->status < 600, scan.refusal->reason);
  }
  const absl::string_view raw = scan.size == 0 ? input : input.substr(0, scan.size);
  RequestHead head;
  if (const auto refusal = CheckHead(raw, *limits, head)) {
    REQUIRE(refusal->status >= 400 && refusal->status < 600, refusal->reason);
    REQUIRE(!refusal->reason.empty() && !refusal->message.empty(), raw);
    return;
  }
  REQUIRE(scan.size == raw.size(), raw);
  CheckTarget(head);
  CheckFields(head);
  const std::string rewritten = Rewritten(head);
  // A blank after each colon may be what it has too much.
  if (rewritten.size() > limits->head_bytes) return;
  RequestHead again;
  REQUIRE(!CheckHead(rewritten, *limits, again).has_value(), rewritten);
  REQUIRE(again.target == head.target && again.method == head.method, rewritten);
  REQUIRE(again.chunked == head.chunked && again.content_length == head.content_length, rewritten);
  REQUIRE(again.keep_alive == head.keep_alive, rewritten);
  REQUIRE(std::equal(again.headers.begin(), again.headers.end(), head.headers.begin(),
                     head.headers.end()),
          rewritten);
}

}  // namespace rostrum::http
