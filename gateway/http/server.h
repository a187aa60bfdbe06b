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
  // What all request bodies together may hold in memory; beyond it, 503. Those that may
  // be larger than body_bytes have memory of their own, so that they keep out no other.
  size_t buffered_body_bytes = 96 * 1024 * 1024;
  size_t buffered_upload_bytes = 96 * 1024 * 1024;
  // What large answers that are being read may hold together; beyond it, 503.
  size_t buffered_answer_bytes = 128 * 1024 * 1024;

  // From accept (or a request's first byte) to the end of the head.
  absl::Duration head_timeout = absl::Seconds(10);
  // A body may take this long, and longer as long as it comes at the least
  // rate, but never longer than body_most. Answers are written alike.
  absl::Duration body_timeout = absl::Seconds(10);
  absl::Duration body_most = absl::Minutes(5);
  absl::Duration write_timeout = absl::Seconds(30);
  absl::Duration write_most = absl::Minutes(15);
  int64_t min_bytes_per_second = 1024;
  // Between two requests. Longer than proxies keep theirs (60 s, most of them): what they
  // send just as it ends here is lost.
  absl::Duration idle_timeout = absl::Seconds(75);

  int max_connections = 4096;
  int max_connections_per_host = 64;  // an IPv4 address or an IPv6 /64
  int max_requests_per_connection = 1000;
  // Peers that speak for others: X-Forwarded-For is believed from them, and
  // the limit per host is not for them.
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
// Handlers that wait for something outside of the server (a gRPC call, a
// BlockingPool) resume on its threads, so they must not wait any more when these end.
class HttpServer {
 public:
  // `handler` and `observer` must outlive the server.
  HttpServer(HttpServerOptions options, HttpHandler& handler, HttpObserver& observer);
  // Stops without grace.
  ~HttpServer();

  // Starts the threads. Once; INVALID_ARGUMENT or UNAVAILABLE if the address
  // cannot be listened on.
  absl::Status Start();
  int port() const;
  int connections() const;

  // From now on each answer closes its connection; new ones are still taken.
  // For the time in which a balancer learns that this replica goes.
  void Drain();
  // Stops accepting, closes idle connections, ends streams, waits up to
  // `grace` for running requests, then closes what is left. True if nothing
  // was cut off. After the wait, and once more when the threads have ended, `give_up` is
  // called: it must end all that handlers wait for outside of the server. May be called
  // from any thread but the server's own; again has no effect.
  bool Stop(
      absl::Duration grace, const std::function<void()>& give_up = [] {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rostrum::http
