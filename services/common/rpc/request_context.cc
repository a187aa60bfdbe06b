#include "services/common/rpc/request_context.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/common/base/crypto.h"

namespace rostrum {
namespace {

constexpr size_t kMaxTracestate = 512;

thread_local const RequestContext* current = nullptr;

bool IsLowerHex(absl::string_view text, size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

bool AllZero(absl::string_view text) {
  return text.find_first_not_of('0') == absl::string_view::npos;
}

bool IsBase64UrlOf(absl::string_view text, size_t bytes) {
  const absl::StatusOr<std::string> decoded = Base64UrlDecode(text);
  return decoded.ok() && decoded->size() == bytes;
}

// W3C Trace Context, 3.2: version-traceid-parentid-flags. Later versions may
// add parts.
bool ReadTraceparent(absl::string_view text, TraceContext* trace) {
  if (text.size() > 256) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  if (parts.size() < 4 || !IsLowerHex(parts[0], 2) || parts[0] == "ff") return false;
  if (parts[0] == "00" && parts.size() != 4) return false;
  if (!IsLowerHex(parts[1], 32) || AllZero(parts[1])) return false;
  if (!IsLowerHex(parts[2], 16) || AllZero(parts[2])) return false;
  if (!IsLowerHex(parts[3], 2)) return false;
  trace->trace_id = std::string(parts[1]);
  trace->parent_id = std::string(parts[2]);
  int flags = 0;
  trace->sampled = absl::SimpleHexAtoi(parts[3], &flags) && (flags & 1) != 0;
  return true;
}

bool IsTracestate(absl::string_view text) {
  return text.size() <= kMaxTracestate &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

}  // namespace

std::optional<VisitorPass> VisitorPass::Parse(absl::string_view text) {
  if (text.size() > 128) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  if (parts.size() != 2 && !(parts.size() == 3 && parts[2] == "fresh")) return std::nullopt;
  if (!IsBase64UrlOf(parts[0], 16) || !IsBase64UrlOf(parts[1], 32)) return std::nullopt;
  return VisitorPass{std::string(parts[0]), std::string(parts[1]), parts.size() == 3};
}

std::string VisitorPass::ToString() const {
  return absl::StrCat(id, ".", secret, fresh ? ".fresh" : "");
}

std::string VisitorPass::Digest(absl::string_view subject) const {
  return Base64Url(HmacSha256(secret, subject));
}

std::string VisitorPass::KeyHash() const { return Base64Url(Sha256(id)); }

std::string TraceContext::Traceparent() const {
  return absl::StrCat("00-", trace_id, "-", span_id, sampled ? "-01" : "-00");
}

TraceContext TraceContext::Continue(absl::string_view traceparent, absl::string_view tracestate) {
  TraceContext trace;
  if (ReadTraceparent(traceparent, &trace)) {
    if (IsTracestate(tracestate)) trace.tracestate = std::string(tracestate);
  } else {
    trace.trace_id = Hex(RandomBytes(16));
  }
  trace.span_id = Hex(RandomBytes(8));
  return trace;
}

bool IsRequestId(absl::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

const RequestContext& RequestContext::Current() {
  static const RequestContext* const kNone = new RequestContext;
  return current != nullptr ? *current : *kNone;
}

ScopedRequestContext::ScopedRequestContext(const RequestContext& context) : outer_(current) {
  current = &context;
}

ScopedRequestContext::~ScopedRequestContext() { current = outer_; }

}  // namespace rostrum
