#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "gateway/http/blocking_pool.h"
#include "gateway/http/server.h"
#include "gateway/proxy/api.h"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/gateway.h"
#include "gateway/proxy/identities.h"
#include "gateway/proxy/limits.h"
#include "gateway/transcoding/transcoder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/gateway/proxy/test_services.h"
#include "tests/support/fake_clock.h"
#include "tests/support/http/http_client.h"

namespace rostrum::gateway {

using testing::ClientHeaders;
using testing::ClientResponse;

inline constexpr char kOrigin[] = "https://rostrum.test";
inline constexpr char kOpenApi[] = "{\"openapi\":\"3.1.0\"}";

// The whole gateway behind a real socket, in front of real gRPC servers. The
// first use of Port() starts it with the settings as they are then. Time moves
// by clock_ alone, except for the deadlines of calls.
class GatewayTest : public ::testing::Test {
 protected:
  GatewayTest();
  ~GatewayTest() override;

  int Port();
  testing::HttpClient Http() { return testing::HttpClient(Port()); }
  testing::RawConnection Connect() { return testing::RawConnection(Port()); }
  // A call of Ana's browser on the site itself.
  static ClientHeaders AsAna(const ClientHeaders& more = {});
  ClientResponse CreateComment(const ClientHeaders& headers,
                               const std::string& body = R"({"body":"Well said."})");
  // How many requests wait in the gateway for a call to a service that they will share.
  double sharers(const std::string& service);
  MadeResponses& made();
  Gateway& gateway();

  FakeClock clock_{absl::Now()};
  BrowserSettings browser_{.cookies = {},
                           .origins = {kOrigin},
                           .network_secret = std::string(32, 'n'),
                           .lookups = {.burst = 100, .period = absl::Minutes(1)}};
  LimitSettings limits_;
  Gateway::Pages pages_;
  absl::Duration patience_ = absl::InfiniteDuration();
  ApiSettings api_{.read_timeout = absl::Seconds(10), .write_timeout = absl::Seconds(10)};

  Backend account_{"account", clock_};
  Backend comment_{"comment", clock_};
  Backend content_{"content", clock_};
  Backend library_{"library", clock_};
  StandInIdentities identities_{account_};
  StandInSessions sessions_;
  StandInComments comments_{comment_.runtime()};
  StandInPosts posts_{content_.runtime()};
  StandInCatalog catalog_{content_.runtime()};
  StandInLibrary books_;

  struct Running;
  std::unique_ptr<Running> running_;
};

// What runs once the first request is made.
struct GatewayTest::Running {
  explicit Running(GatewayTest& test);
  ~Running();

  Metrics metrics;
  std::unique_ptr<Transcoder> transcoder;
  Backends backends;
  Identities identities;
  CallerContexts callers;
  LocalThrottle local;
  LocalThrottle shared;
  http::BlockingPool blocking;
  Limits limits;
  SharedCalls shared_calls;
  Api api;
  Gateway gateway;
  http::HttpObserver observer;
  http::HttpServer server;
};

// The reason of an answer in the error form, or "" if it is not in that form.
std::string ReasonOf(const ClientResponse& response);
nlohmann::json Json(const ClientResponse& response);
// The value that a Set-Cookie of the answer gives a cookie, with its
// attributes; "" if there is none.
std::string SetCookieOf(const ClientResponse& response, const std::string& name);

// Polls until `condition` holds; false after ten seconds.
bool Eventually(const std::function<bool()>& condition);

}  // namespace rostrum::gateway
