#include "gateway/proxy/caller_context.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/csrf.h"
#include "services/common/base/crypto.h"
#include "services/common/base/ids.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::gateway {
namespace {

constexpr absl::Duration kVisitorCookieAge = absl::Hours(24 * 180);
constexpr absl::Duration kSessionCookieAge = absl::Hours(24 * 90);
constexpr absl::string_view kBearer = "Bearer ";
constexpr size_t kMaxCredentialBytes = 256;

bool IsBase64UrlOf(absl::string_view text, size_t bytes) {
  const auto decoded = Base64UrlDecode(text);
  return decoded.ok() && decoded->size() == bytes;
}

bool IsVisitorPass(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  return parts.size() == 2 && IsBase64UrlOf(parts[0], 16) && IsBase64UrlOf(parts[1], 32);
}

bool IsRequestId(absl::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

bool IsTraceparent(absl::string_view text) {
  if (text.size() != 55 || !absl::StartsWith(text, "00-")) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 2 || i == 35 || i == 52;
    const bool hex = absl::ascii_isdigit(text[i]) || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return text.substr(3, 32) != std::string(32, '0') && text.substr(36, 16) != std::string(16, '0');
}

std::string HeaderOr(const http::HttpHeaders& headers, const char* name,
                     bool (*valid)(absl::string_view), std::string (*otherwise)()) {
  const std::string* value = headers.Find(name);
  return value != nullptr && valid(*value) ? *value : otherwise();
}

std::string NewTraceparent() {
  return absl::StrCat("00-", Hex(RandomBytes(16)), "-", Hex(RandomBytes(8)), "-01");
}

}  // namespace

CallMetadata CallerContext::MetadataFor(const std::string& service) const {
  CallMetadata metadata = {{kRequestIdKey, request_id}, {kTraceparentKey, traceparent}};
  if (!visitor.empty()) {
    metadata.emplace_back(kVisitorKey, fresh_visitor ? visitor + ".fresh" : visitor);
  }
  if (!network.empty()) metadata.emplace_back(kNetworkKey, network);
  if (identity != nullptr) {
    const auto token = identity->tokens.find(service);
    if (token != identity->tokens.end()) metadata.emplace_back(kIdentityKey, token->second);
  }
  return metadata;
}

CallerContexts::CallerContexts(const BrowserSettings& settings, Identities& identities,
                               Clock& clock)
    : settings_(settings), identities_(identities), clock_(clock) {}

asio::awaitable<absl::Status> CallerContexts::Read(const http::HttpRequest& request,
                                                   CallerContext& context) {
  context.request_id = HeaderOr(
      request.headers, kRequestIdKey, IsRequestId, +[] { return Hex(RandomBytes(12)); });
  context.traceparent = HeaderOr(request.headers, kTraceparentKey, IsTraceparent, NewTraceparent);
  context.network =
      http::NetworkKey(settings_.network_secret, http::NetworkPrefix(request.client), clock_.Now());

  const std::string* header = request.headers.Find("cookie");
  auto cookies = http::Cookies::Parse(header == nullptr ? absl::string_view() : *header);
  if (!cookies.ok()) co_return cookies.status();
  absl::Status read = ReadCredential(request, *cookies, context);
  if (!read.ok()) co_return read;
  absl::Status csrf =
      http::CheckCsrf(request.method, request.headers, settings_.origins, context.by_cookie);
  if (!csrf.ok()) co_return csrf;

  const std::string* pass = cookies->Find(http::CookieName(kVisitorCookie, settings_.cookies));
  context.fresh_visitor = pass == nullptr || !IsVisitorPass(*pass);
  context.visitor = context.fresh_visitor
                        ? absl::StrCat(Base64Url(RandomBytes(16)), ".", Base64Url(RandomBytes(32)))
                        : *pass;

  if (context.credential.empty()) co_return absl::OkStatus();
  auto identity = co_await identities_.Resolve(context.credential, context.MetadataFor("account"));
  if (identity.ok()) {
    context.identity = *std::move(identity);
  } else if (!context.by_cookie || !absl::IsUnauthenticated(identity.status())) {
    co_return identity.status();
  }
  co_return absl::OkStatus();
}

absl::Status CallerContexts::ReadCredential(const http::HttpRequest& request,
                                            const http::Cookies& cookies,
                                            CallerContext& context) const {
  if (const std::string* authorization = request.headers.Find("authorization")) {
    if (!absl::StartsWithIgnoreCase(*authorization, kBearer) ||
        authorization->size() > kBearer.size() + kMaxCredentialBytes) {
      return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_INVALID",
                   "Authorization must be \"Bearer\" with an access token");
    }
    context.credential = authorization->substr(kBearer.size());
    return absl::OkStatus();
  }
  const std::string* session = cookies.Find(http::CookieName(kSessionCookie, settings_.cookies));
  if (session != nullptr && session->size() <= kMaxCredentialBytes) {
    context.credential = *session;
    context.by_cookie = !session->empty();
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
  if (metadata.contains(kKeepVisitorKey) && context.fresh_visitor) {
    AddCookie({.name = kVisitorCookie, .value = context.visitor, .max_age = kVisitorCookieAge},
              response);
  }
  const auto session = metadata.find(kSetSessionKey);
  if (session == metadata.end()) return;
  if (session->second.empty()) return ClearSession(context, response);
  if (context.by_cookie) identities_.DropCredential(context.credential);
  AddCookie({.name = kSessionCookie, .value = session->second, .max_age = kSessionCookieAge},
            response);
}

void CallerContexts::ClearSession(const CallerContext& context, http::HttpResponse& response) {
  if (!context.credential.empty()) identities_.DropCredential(context.credential);
  AddCookie({.name = kSessionCookie, .value = "", .max_age = absl::ZeroDuration()}, response);
}

}  // namespace rostrum::gateway
