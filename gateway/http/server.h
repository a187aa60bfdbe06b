#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gateway/http/head_policy.h"
#include "gateway/http/message.h"
#include "gateway/http/network.h"

namespace rostrum::http {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0 takes a free one
  // Each has its own event loop and its own listening socket.
  int threads = 2;

  HeadLimits head;
  size_t body_bytes = 1024 * 1024;
  // Another limit for some requests (media), decided from the head before any
  // of the body is read. Unset: body_bytes for all.
  std::function<size_t(const RequestHead&)> body_limit;
  // The memory that all request bodies hold together; beyond it, 503. Bodies on routes that
  // allow more than body_bytes count in buffered_upload_bytes instead, so that uploads do
  // not crowd out other requests.
  size_t buffered_body_bytes = 96 * 1024 * 1024;
  size_t buffered_upload_bytes = 96 * 1024 * 1024;
  // The memory that large responses hold together while clients read them; beyond it, 503.
  size_t buffered_answer_bytes = 128 * 1024 * 1024;
  // How many clients (an IPv4 address or an IPv6 /64) it takes to hold all of one of these.
  int clients_to_fill_memory = 4;
  size_t OfClient(size_t memory) const { return memory / clients_to_fill_memory; }

  // From accept (or a request's first byte) to the end of the head.
  absl::Duration head_timeout = absl::Seconds(10);
  // A body may take body_timeout, and longer while it arrives at min_bytes_per_second or
  // faster and never pauses for body_timeout, but never longer than body_most. Writing
  // responses may pause.
  absl::Duration body_timeout = absl::Seconds(10);
  absl::Duration body_most = absl::Minutes(5);
  absl::Duration write_timeout = absl::Seconds(30);
  absl::Duration write_most = absl::Minutes(15);
  int64_t min_bytes_per_second = 1024;
  // Idle time between two requests. Longer than that of most proxies (60 s): a proxy loses
  // a request that it sends just as the connection is closed here.
  absl::Duration idle_timeout = absl::Seconds(75);

  int max_connections = 4096;
  int max_connections_per_host = 64;  // an IPv4 address or an IPv6 /64
  int max_requests_per_connection = 1000;
  // Proxies: X-Forwarded-For is believed from them, and the limit per host does not apply
  // to them.
  CidrList trusted_proxies;
};

// What happened, for metrics and the access log. Called on all of the server's
// threads at once; must not block or throw.
class HttpObserver {
 public:
  struct Done {
    const RequestHead& request;
    const HttpResponse& response;
    uint64_t bytes_sent;  // of the body
    absl::Duration took;  // from the end of the head to the last byte written
    bool complete;        // false if the client left or the stream failed
  };
  virtual ~HttpObserver() = default;
  virtual void ConnectionOpened() {}
  virtual void ConnectionClosed() {}
  // reason: "total", "host" (limits) or "accept" (no descriptors left).
  virtual void ConnectionRefused(absl::string_view reason) { (void)reason; }
  // A request that never reached the handler.
  virtual void RequestRefused(const Refusal& refusal) { (void)refusal; }
  virtual void RequestStarted(const RequestHead& request) { (void)request; }
  virtual void RequestDone(const Done& done) { (void)done; }
};

// An HTTP/1.1 server (and 1.0) for one handler. TLS ends in front of it.
//
// Handlers that wait for something outside of the server (a gRPC call, a BlockingPool) are
// resumed on its threads, or within Stop when those have ended. So nothing may be left to wait
// for after it (Stop's `give_up`).
class HttpServer {
 public:
  // `handler` and `observer` must outlive the server.
  HttpServer(HttpServerOptions options, HttpHandler& handler, HttpObserver& observer);
  // Stops with a grace of zero.
  ~HttpServer();

  // Starts the threads. Once; INVALID_ARGUMENT or UNAVAILABLE if the address
  // cannot be listened on.
  absl::Status Start();
  int port() const;
  int connections() const;

  // From now on every response closes its connection; new connections are still accepted.
  // For the time until a load balancer notices that this replica is going away.
  void Drain();
  // Stops accepting, closes idle connections, ends streams, waits up to `grace` for running
  // requests, then closes what is left. True if no request was cut off. After the wait, and
  // several times when the threads have ended, `give_up` is called: it must end everything that
  // handlers wait for outside of the server. Call Stop from any thread but the server's own.
  // A second call has no effect.
  bool Stop(
      absl::Duration grace, const std::function<void()>& give_up = [] {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rostrum::http
