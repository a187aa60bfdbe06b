#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gateway/http/message.h"
#include "gateway/http/static_files.h"
#include "gateway/proxy/api.h"
#include "gateway/proxy/backends.h"

namespace rostrum::gateway {

// Everything the gateway serves, by path:
//   /v1/...        the API (Api)
//   /openapi.json  the description of it
//   /healthz       this process runs
//   /readyz        it takes requests; lists the services it cannot reach
//   all else       the pages (Site)
// Thread-safe.
class Gateway final : public http::HttpHandler {
 public:
  struct Options {
    bool hsts = false;
    std::string openapi;  // the document
    // How long the gateway waits for all services before it becomes ready with those that
    // it reaches.
    absl::Duration patience = absl::Seconds(5);
  };
  struct Pages {
    // Serves every path that is none of the above; null: there is nothing there.
    std::function<asio::awaitable<http::HttpResponse>(http::HttpRequest&)> handle;
    // The page that a browser shows if a request for a page did not reach `handle`; null:
    // the JSON error. Must not throw.
    std::function<http::HttpResponse(const http::Refusal&)> refuse;
  };
  Gateway(Options options, Api& api, Backends& backends, Pages pages = {});

  asio::awaitable<http::HttpResponse> Handle(http::HttpRequest& request) override;
  http::HttpResponse Refuse(const http::Refusal& refusal, const http::RequestHead* head) override;

  // From now on not ready, so that load balancers send no more requests.
  void Drain() { draining_ = true; }

 private:
  asio::awaitable<http::HttpResponse> Answer(http::HttpRequest& request);
  http::HttpResponse Ready();

  const Options options_;
  const http::StaticFiles openapi_;
  Api& api_;
  Backends& backends_;
  const Pages pages_;
  std::atomic<bool> draining_{false};
  const absl::Time begin_ = absl::Now();  // start of the process, for `patience`
  // Once the gateway was ready it stays ready: requests to a service that is unavailable
  // fail one by one, and everything else continues.
  std::atomic<bool> was_ready_{false};
};

}  // namespace rostrum::gateway
