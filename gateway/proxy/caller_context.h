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

// How the gateway recognises browsers and networks.
struct BrowserSettings {
  http::CookieSettings cookies;
  // Origins whose pages may send requests with cookies that change state.
  std::vector<std::string> origins;
  // The key of network names (NetworkKey), shared by all gateways.
  std::string network_secret;
  // How many credentials one network may have looked up. Each lookup asks account before
  // the caller is known, so it cannot be limited by account.
  Rate lookups{.burst = 1200, .period = absl::Minutes(1)};
};

inline constexpr char kSessionCookie[] = "session";
inline constexpr char kVisitorCookie[] = "pass";
// The id of the sign-up that was begun in this browser. It shows that the link in the mail
// is opened by the person who began the sign-up.
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
  // True if account no longer knows the session of the cookie, and the response is a page
  // that the browser navigates to: the cookie is then deleted. Not for requests of scripts
  // beside it: they may be answered after a new log-in, and would delete its cookie.
  bool session_over = false;
  std::shared_ptr<const Identity> identity;  // null: not signed in

  // The key of the caller's limits: "account:<id>", or "network:<name>" if not signed in.
  // Nothing personal: a network's name changes every hour.
  std::string Key() const;

  // Sets the response's request id, trace and account.
  void Sign(http::HttpResponse& response) const;

  // Metadata of a call to `service`.
  CallMetadata MetadataFor(const std::string& service) const;
};

// Reads a request's cookies and headers. Thread-safe.
class CallerContexts {
 public:
  CallerContexts(const BrowserSettings& settings, Identities& identities, Clock& clock);

  // Errors: INVALID_ARGUMENT / INVALID_COOKIES, UNAUTHENTICATED / CREDENTIAL_INVALID for a
  // bearer token that is not valid, PERMISSION_DENIED / CROSS_SITE_REQUEST,
  // RESOURCE_EXHAUSTED / RATE_LIMITED (too many credentials of one network looked up),
  // UNAVAILABLE (account is unavailable). A session that has ended is no error: the caller
  // is then anonymous. The request id is set in every case.
  asio::awaitable<absl::Status> Read(const http::HttpRequest& request, CallerContext& context);

  // Sets the cookies that a service asked for (metadata of request_context.h). Deletes the
  // cookie of a session that has ended, which account would otherwise be asked about at
  // every request.
  void ApplyCookies(const std::map<std::string, std::string>& metadata,
                    const CallerContext& context, http::HttpResponse& response);
  // Sets the cookie with the id of a sign-up for a day, or deletes it if the id is empty.
  void KeepSignUp(const std::string& sign_up_id, http::HttpResponse& response) const;
  // Deletes the session cookie.
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
