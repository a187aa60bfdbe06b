#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "gateway/http/network.h"
#include "gateway/http/request_head.h"
#include "services/common/trace/trace_context.h"

namespace rostrum::http {

namespace asio = boost::asio;

// A complete request. Fields that only a proxy or a service may set have been removed:
// X-Forwarded-*, Forwarded, X-Real-IP, X-User-*, Grpc-*.
struct HttpRequest : RequestHead {
  std::string body;
  // The other end of the connection, and the client that it speaks for (network.h).
  IpAddress peer;
  IpAddress client;
  // The connection's executor, which has one thread. Handle runs on it and must be back on
  // it before it touches the request or returns.
  asio::any_io_executor executor;
};

// Writes the body of a streamed response. Used on the connection's executor only, one Write
// at a time. Lives until the stream's coroutine ends.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // Sends a chunk and returns when the kernel has taken it, so a slow client slows the
  // stream down. False if the client has gone: then stop.
  virtual asio::awaitable<bool> Write(std::string chunk) = 0;
  // True once the client has gone or the server is stopping.
  virtual bool ended() const = 0;
  // `on_end` is called once, on the executor, when ended() becomes true, or at once if it
  // is true already. It should cancel what the coroutine waits for. Replaces an earlier
  // `on_end`.
  virtual void OnEnd(std::function<void()> on_end) = 0;
};

// A connection holds its answer for as long as its client reads it. The memory of reads whose
// `body` is larger than this (pictures, long posts) is limited; smaller ones need no limit: for
// 4096 connections, the default, they are at most 128 MiB together.
inline constexpr size_t kLargeAnswer = 32 * 1024;

struct HttpResponse {
  int status = 200;
  // Content-Length, Transfer-Encoding, Connection and Date are set by the server.
  HttpHeaders headers;
  // The body is one of these three: bytes, bytes shared with other responses, or a stream.
  // If a stream throws, the connection is cut, so that the client sees that the response is
  // not complete.
  std::string body;
  std::shared_ptr<const std::string> shared_body;
  std::function<asio::awaitable<void>(StreamWriter&)> stream;
  // Set it to false if the body has both a secret (a CSRF token) and text from the request:
  // then the size of the compressed body reveals the secret (BREACH).
  bool compressible = true;
  bool close = false;
  // The route template, for metrics; never the raw path.
  std::string route;
  // For the request's span and log line. None of it is sent.
  TraceContext trace;
  std::string request_id;
  std::string account_id;  // of the caller, if signed in

  absl::string_view bytes() const { return shared_body != nullptr ? *shared_body : body; }
};

// What the server serves. Called on all of the server's threads at once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Answers a request. Must not block. `request` stays valid until its response has been
  // sent, except for its body, which is gone once Handle has returned. An exception is
  // answered by Refuse with 500.
  virtual asio::awaitable<HttpResponse> Handle(HttpRequest& request) = 0;
  // The response to a request that did not reach Handle, or whose Handle failed. `head` is
  // what could be read of the head, or null if that is nothing. Must not throw. By default
  // the JSON error of error_form.h.
  virtual HttpResponse Refuse(const Refusal& refusal, const RequestHead* head);
};

}  // namespace rostrum::http
