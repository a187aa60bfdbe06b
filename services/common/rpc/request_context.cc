#include "services/common/rpc/request_context.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "services/common/base/crypto.h"

namespace rostrum {
namespace {

thread_local const RequestContext* current = nullptr;

// Whether the text is what Base64Url makes of so many bytes. Passes are checked in three processes
// for each read, and nobody needs the bytes.
bool IsBase64UrlOf(absl::string_view text, size_t bytes) {
  constexpr absl::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (text.size() != (8 * bytes + 5) / 6) return false;
  // The last character has bits that stand for nothing.
  const size_t unused = 6 * text.size() - 8 * bytes;
  if (kAlphabet.find(text.back()) % (1u << unused) != 0) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
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

bool IsRequestId(absl::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

// gRPC's deadlines are times of the real clock.
absl::Duration RequestContext::TimeLeft() const { return deadline - absl::Now(); }

const RequestContext& RequestContext::Current() {
  static const RequestContext* const kNone = new RequestContext;
  return current != nullptr ? *current : *kNone;
}

ScopedRequestContext::ScopedRequestContext(const RequestContext& context)
    : outer_(current), trace_(context.trace) {
  current = &context;
}

ScopedRequestContext::~ScopedRequestContext() { current = outer_; }

ScopedBatchContext::ScopedBatchContext(absl::Duration time)
    : context_([time] {
        RequestContext context = RequestContext::Current();
        context.trace = TraceContext::Current();  // may be the trace of a part of the request
        context.deadline = absl::Now() + time;
        return context;
      }()),
      bound_(context_) {}

}  // namespace rostrum
