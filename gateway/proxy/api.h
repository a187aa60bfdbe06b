#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/http/message.h"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/limits.h"
#include "gateway/proxy/shared_calls.h"
#include "gateway/transcoding/transcoder.h"

namespace rostrum::gateway {

struct ApiSettings {
  absl::Duration read_timeout = absl::Seconds(5);
  absl::Duration write_timeout = absl::Seconds(15);
  // How long a stream waits for its first message before its status line is sent.
  absl::Duration first_message_timeout = absl::Seconds(5);
  // How often an event stream without messages sends a heartbeat.
  absl::Duration heartbeat = absl::Seconds(15);
};

// The HTTP API: finds the RPC of a request, calls it and turns the result into HTTP. It has
// no code for particular endpoints. Thread-safe.
class Api {
 public:
  Api(const ApiSettings& settings, const Transcoder& transcoder, Backends& backends,
      SharedCalls& shared, CallerContexts& callers, Limits& limits);

  asio::awaitable<http::HttpResponse> Handle(http::HttpRequest& request);

 private:
  asio::awaitable<http::HttpResponse> Answer(http::HttpRequest& request, const RouteMatch& match,
                                             const CallerContext& caller);
  asio::awaitable<http::HttpResponse> CallUnary(const http::HttpRequest& request,
                                                TranscodedRequest& transcoded,
                                                const CallerContext& caller);
  // A unary call of an RPC whose answer is the same for all without an account.
  asio::awaitable<http::HttpResponse> CallShared(const http::HttpRequest& request,
                                                 TranscodedRequest& transcoded,
                                                 const CallerContext& caller);
  // The answer over HTTP, made once for each SharedAnswer. `key` is the call's.
  absl::StatusOr<StoredResponsePtr> JsonOf(const TranscodedRequest& transcoded,
                                           const std::string& key, const SharedAnswer& shared);
  asio::awaitable<http::HttpResponse> OpenStream(const http::HttpRequest& request,
                                                 TranscodedRequest& transcoded,
                                                 const CallerContext& caller);
  // Moves the message out of `transcoded`.
  BackendCall CallFor(TranscodedRequest& transcoded, const CallerContext& caller) const;

  const ApiSettings settings_;
  const Transcoder& transcoder_;
  Backends& backends_;
  SharedCalls& shared_;
  CallerContexts& callers_;
  Limits& limits_;
};

}  // namespace rostrum::gateway
