#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/http/cookies.h"
#include "gateway/http/message.h"
#include "gateway/http/network.h"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/identities.h"
#include "services/common/base/clock.h"
#include "services/common/redis/throttle.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::gateway {

// How the gateway knows browsers again.
struct BrowserSettings {
  http::CookieSettings cookies;
  // Origins from which state may be changed with cookies.
  std::vector<std::string> origins;
  // Shared by all gateways; names networks for an hour.
  std::string network_secret;
  // Credentials that one network may have looked up, because each asks account
  // before anybody is known who could be limited.
  Rate lookups{.burst = 1200, .period = absl::Minutes(1)};
};

inline constexpr char kSessionCookie[] = "session";
inline constexpr char kVisitorCookie[] = "pass";
// The sign-up that was begun in this browser, so that the link in its mail is
// known to be opened by the same person.
inline constexpr char kSignUpCookie[] = "signup";

// Who sends a request, and what every call on its behalf carries.
struct CallerContext {
  std::string request_id;
  TraceContext trace;
  VisitorPass visitor;  // from the cookie, or fresh
  std::string sign_up;  // from the cookie, as it came; may be anything
  std::string network;
  // The credential, if any, and whether it came by cookie.
  std::string credential;
  bool by_cookie = false;
  // Account does not know the cookie's session any more, and the answer is a page that the
  // browser goes to. What scripts ask for beside it may be answered after a log-in whose
  // cookie this one's answer would take away.
  bool session_over = false;
  std::shared_ptr<const Identity> identity;  // null: nobody is signed in

  // Names the request in its answer, its span and its log line.
  void Sign(http::HttpResponse& response) const;

  // Metadata of a call to `service`.
  CallMetadata MetadataFor(const std::string& service) const;
};

// Reads a request's cookies and headers. Thread-safe.
class CallerContexts {
 public:
  CallerContexts(const BrowserSettings& settings, Identities& identities, Clock& clock);

  // Errors: INVALID_ARGUMENT / INVALID_COOKIES, UNAUTHENTICATED /
  // CREDENTIAL_INVALID for a bearer token that is none, PERMISSION_DENIED /
  // CROSS_SITE_REQUEST, RESOURCE_EXHAUSTED / RATE_LIMITED (too many credentials of
  // one network looked up), UNAVAILABLE (account is away). A session that is over is
  // no error: its caller is nobody. The request id is set in every case.
  asio::awaitable<absl::Status> Read(const http::HttpRequest& request, CallerContext& context);

  // Sets the cookies that the answer of a service asked for (metadata of
  // request_context.h), and takes that of a session that is over away: account would be
  // asked for it at every request.
  void ApplyCookies(const std::map<std::string, std::string>& metadata,
                    const CallerContext& context, http::HttpResponse& response);
  // Has the browser keep the id of a sign-up for a day, or forget it if empty.
  void KeepSignUp(const std::string& sign_up_id, http::HttpResponse& response) const;
  // Takes the session cookie away.
  void ClearSession(const CallerContext& context, http::HttpResponse& response);

 private:
  absl::Status ReadCredential(const http::HttpRequest& request, const http::Cookies& cookies,
                              CallerContext& context) const;
  asio::awaitable<absl::Status> Identify(CallerContext& context);
  void AddCookie(const http::NewCookie& cookie, http::HttpResponse& response) const;

  const BrowserSettings settings_;
  Identities& identities_;
  Clock& clock_;
  http::NetworkKeys networks_{settings_.network_secret};
  LocalThrottle lookups_;
};

}  // namespace rostrum::gateway
