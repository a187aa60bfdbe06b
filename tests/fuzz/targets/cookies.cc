#include "gateway/http/cookies.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/request_head.h"
#include "services/common/base/crypto.h"
#include "services/common/rpc/request_context.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::http {
namespace {

bool IsCookieOctets(absl::string_view value) {
  return std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

// A cookie that we set comes back as it was set, and sets nothing else.
void CheckSet(absl::string_view name, absl::string_view value) {
  const NewCookie cookie{std::string(name), std::string(value), absl::Hours(1)};
  for (const bool secure : {true, false}) {
    const CookieSettings settings{.secure = secure};
    const auto line = SetCookie(cookie, settings);
    if (!line.ok()) continue;
    REQUIRE(!absl::StrContains(*line, "\n") && !absl::StrContains(*line, "\r"), *line);
    const std::string pair = line->substr(0, line->find(';'));
    REQUIRE(line->substr(pair.size()) == absl::StrCat("; Path=/; Max-Age=3600; SameSite=Lax",
                                                      secure ? "; Secure" : "", "; HttpOnly"),
            *line);
    const auto back = Cookies::Parse(pair);
    REQUIRE(back.ok() && back->size() == 1, pair);
    const std::string* found = back->Find(CookieName(name, settings));
    REQUIRE(found != nullptr && *found == value, pair);
  }
}

void CheckPass(absl::string_view text) {
  const auto pass = VisitorPass::Parse(text);
  if (!pass.has_value()) return;
  REQUIRE(pass->ToString() == text, text);
  REQUIRE(Base64UrlDecode(pass->id)->size() == 16, text);
  REQUIRE(Base64UrlDecode(pass->secret)->size() == 32, text);
  REQUIRE(pass->KeyHash() != pass->id && pass->Digest("post") != pass->secret, text);
}

// The next hop gets a well-formed traceparent, whatever came.
void CheckTrace(absl::string_view traceparent, absl::string_view tracestate) {
  const TraceContext trace = TraceContext::Continue(traceparent, tracestate);
  const std::string out = trace.Traceparent();
  REQUIRE(out.size() == 55 && std::count(out.begin(), out.end(), '-') == 3, out);
  REQUIRE(out.find_first_not_of("0123456789abcdef-") == std::string::npos, out);
  const TraceContext next = TraceContext::Continue(out, trace.tracestate);
  REQUIRE(next.trace_id == trace.trace_id && next.parent_id == trace.span_id, out);
  REQUIRE(next.sampled == trace.sampled && next.tracestate == trace.tracestate, out);
}

}  // namespace

// A Cookie header and what is in our cookies.
FUZZ_TARGET(cookies) {
  CheckPass(input);
  CheckTrace(input.substr(0, input.find('\n')), input.substr(input.size() / 2));
  const size_t equals = input.find('=');
  CheckSet(input.substr(0, equals), input.substr(std::min(input.size(), equals + 1)));

  const auto cookies = Cookies::Parse(input);
  if (!cookies.ok()) return;
  REQUIRE(cookies->size() <= 64, input);
  for (const absl::string_view pair : absl::StrSplit(input, ';')) {
    const size_t end = std::min(pair.find('='), pair.size());
    const size_t begin = std::min(pair.find_first_not_of(" \t"), end);
    const absl::string_view name = pair.substr(begin, end - begin);
    const std::string* value = cookies->Find(name);
    if (value == nullptr) continue;
    REQUIRE(IsToken(name) && IsCookieOctets(*value), *value);
    // One that comes twice is nobody's.
    REQUIRE(std::count(input.begin(), input.end(), '=') >= static_cast<int>(cookies->size()), name);
    CheckPass(*value);
    CheckSet(name, *value);
  }
}

}  // namespace rostrum::http
