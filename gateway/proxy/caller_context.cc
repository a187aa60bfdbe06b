#include "gateway/proxy/caller_context.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gateway/http/csrf.h"
#include "services/common/base/crypto.h"
#include "services/common/base/ids.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

constexpr absl::Duration kVisitorCookieAge = absl::Hours(24 * 180);
constexpr absl::Duration kSessionCookieAge = absl::Hours(24 * 90);
constexpr absl::string_view kBearer = "Bearer ";
constexpr size_t kMaxCredentialBytes = 256;

const std::string& HeaderOrEmpty(const http::HttpRequest& request, const char* name) {
  static const std::string* const kNone = new std::string;
  const std::string* value = request.headers.Find(name);
  return value == nullptr ? *kNone : *value;
}

// Whether the text has the form of a token that account issues.
bool IsCredential(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxCredentialBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// Reads the pass in a cookie. Only the gateway may mark a pass as fresh.
VisitorPass PassOf(const std::string* cookie) {
  if (cookie != nullptr) {
    std::optional<VisitorPass> pass = VisitorPass::Parse(*cookie);
    if (pass.has_value() && !pass->fresh) return *std::move(pass);
  }
  return {.id = Base64Url(RandomBytes(16)), .secret = Base64Url(RandomBytes(32)), .fresh = true};
}

}  // namespace

std::string CallerContext::Key() const {
  if (identity != nullptr) return absl::StrCat("account:", identity->account_id);
  return absl::StrCat("network:", network);
}

void CallerContext::Sign(http::HttpResponse& response) const {
  response.headers.Set("X-Request-Id", request_id);
  response.request_id = request_id;
  response.trace = trace;
  if (identity != nullptr) response.account_id = identity->account_id;
}

CallMetadata CallerContext::MetadataFor(const std::string& service) const {
  CallMetadata metadata = {{kRequestIdKey, request_id}, {kTraceparentKey, trace.Traceparent()}};
  if (!trace.tracestate.empty()) metadata.emplace_back(kTracestateKey, trace.tracestate);
  if (!visitor.empty()) metadata.emplace_back(kVisitorKey, visitor.ToString());
  if (!network.empty()) metadata.emplace_back(kNetworkKey, network);
  if (identity != nullptr) {
    const auto token = identity->tokens.find(service);
    if (token != identity->tokens.end()) metadata.emplace_back(kIdentityKey, token->second);
  }
  return metadata;
}

CallerContexts::CallerContexts(const BrowserSettings& settings, Identities& identities,
                               Clock& clock)
    : settings_(settings), identities_(identities), clock_(clock), lookups_(clock) {}

asio::awaitable<absl::Status> CallerContexts::Read(const http::HttpRequest& request,
                                                   CallerContext& context) {
  context.request_id = HeaderOrEmpty(request, kRequestIdKey);
  if (!IsRequestId(context.request_id)) context.request_id = NewUuid(clock_.Now());
  context.trace = TraceContext::Continue(HeaderOrEmpty(request, kTraceparentKey),
                                         HeaderOrEmpty(request, kTracestateKey));
  context.network = networks_.Of(request.client, clock_.Now());

  const auto cookies = http::Cookies::Parse(HeaderOrEmpty(request, "cookie"));
  if (!cookies.ok()) co_return cookies.status();
  absl::Status status = ReadCredential(request, *cookies, context);
  if (!status.ok()) co_return status;
  status = http::CheckCsrf(request.method, request.headers, settings_.origins, context.by_cookie);
  if (!status.ok()) co_return status;
  context.visitor = PassOf(cookies->Find(http::CookieName(kVisitorCookie, settings_.cookies)));
  if (const auto* sign_up = cookies->Find(http::CookieName(kSignUpCookie, settings_.cookies))) {
    context.sign_up = *sign_up;
  }
  if (!context.credential.empty()) status = co_await Identify(context);
  const std::string& mode = HeaderOrEmpty(request, "sec-fetch-mode");
  if (!mode.empty() && mode != "navigate") context.session_over = false;
  co_return status;
}

asio::awaitable<absl::Status> CallerContexts::Identify(CallerContext& context) {
  if (!identities_.Has(context.credential)) {
    absl::Status limit = lookups_.Check(context.network, settings_.lookups);
    if (!limit.ok()) co_return limit;
  }
  auto identity = co_await identities_.Resolve(context.credential, context.MetadataFor("account"));
  if (identity.ok()) {
    context.identity = *std::move(identity);
  } else if (!context.by_cookie || !absl::IsUnauthenticated(identity.status())) {
    co_return identity.status();
  } else {
    context.session_over = ReasonOf(identity.status()) == "CREDENTIAL_INVALID";
  }
  co_return absl::OkStatus();
}

absl::Status CallerContexts::ReadCredential(const http::HttpRequest& request,
                                            const http::Cookies& cookies,
                                            CallerContext& context) const {
  if (const std::string* authorization = request.headers.Find("authorization")) {
    absl::string_view token = *authorization;
    token.remove_prefix(std::min(token.size(), kBearer.size()));
    if (!absl::StartsWithIgnoreCase(*authorization, kBearer) || !IsCredential(token)) {
      return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_INVALID",
                   "Authorization must be \"Bearer\" with an access token");
    }
    context.credential = std::string(token);
    return absl::OkStatus();
  }
  const std::string* session = cookies.Find(http::CookieName(kSessionCookie, settings_.cookies));
  if (session != nullptr && IsCredential(*session)) {
    context.credential = *session;
    context.by_cookie = true;
  }
  return absl::OkStatus();
}

void CallerContexts::AddCookie(const http::NewCookie& cookie, http::HttpResponse& response) const {
  const auto header = http::SetCookie(cookie, settings_.cookies);
  if (header.ok()) {
    response.headers.Add("Set-Cookie", *header);
  } else {
    LogError("a cookie could not be set", {{"cookie", cookie.name}});
  }
}

void CallerContexts::ApplyCookies(const std::map<std::string, std::string>& metadata,
                                  const CallerContext& context, http::HttpResponse& response) {
  if (metadata.contains(kKeepVisitorKey) && context.visitor.fresh) {
    VisitorPass pass = context.visitor;
    pass.fresh = false;
    AddCookie({.name = kVisitorCookie, .value = pass.ToString(), .max_age = kVisitorCookieAge},
              response);
  }
  const auto session = metadata.find(kSetSessionKey);
  const bool over = session == metadata.end() ? context.session_over : session->second.empty();
  if (over) {
    // An answer that shared caches store must not log out those who get it from there.
    const std::string* cached = response.headers.Find("Cache-Control");
    if (cached == nullptr || !absl::StrContains(*cached, "public")) ClearSession(context, response);
    return;
  }
  if (session == metadata.end()) return;
  if (context.by_cookie) identities_.DropCredential(context.credential);
  AddCookie({.name = kSessionCookie, .value = session->second, .max_age = kSessionCookieAge},
            response);
}

void CallerContexts::KeepSignUp(const std::string& sign_up_id, http::HttpResponse& response) const {
  AddCookie({.name = kSignUpCookie,
             .value = sign_up_id,
             .max_age = sign_up_id.empty() ? absl::ZeroDuration() : absl::Hours(24)},
            response);
}

void CallerContexts::ClearSession(const CallerContext& context, http::HttpResponse& response) {
  // Not if the session is over: none of its identities is cached, and a drop would keep answers
  // of account that are on their way from being cached (generation).
  if (context.identity != nullptr) identities_.DropCredential(context.credential);
  AddCookie({.name = kSessionCookie, .value = "", .max_age = absl::ZeroDuration()}, response);
}

}  // namespace rostrum::gateway
