#pragma once

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

// A whole request. Fields that only a proxy or a service may set
// (X-Forwarded-*, X-Real-IP, X-User-*, Grpc-*) have been taken out.
struct HttpRequest : RequestHead {
  std::string body;
  // The other end of the connection, and who that speaks for (network.h).
  IpAddress peer;
  IpAddress client;
  // The connection's executor, one thread. Handle runs on it and must get back
  // to it before it touches the request or returns.
  asio::any_io_executor executor;
};

// The body of an answer while it is made. Used on the connection's executor
// only, one Write at a time; lives until the stream's coroutine ends.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // Sends a chunk and returns when the kernel has taken it (so a slow reader
  // holds the stream back). False if the client has gone; then stop.
  virtual asio::awaitable<bool> Write(std::string chunk) = 0;
  // True once the client has gone or the server is stopping.
  virtual bool ended() const = 0;
  // `on_end` is called once, on the executor, when ended() becomes true, or at
  // once if it is: cancel what the coroutine waits for. Replaces an earlier one.
  virtual void OnEnd(std::function<void()> on_end) = 0;
};

struct HttpResponse {
  int status = 200;
  // Content-Length, Transfer-Encoding, Connection and Date are the server's.
  HttpHeaders headers;
  // One of three: bytes, bytes shared with other answers, or a stream. A
  // stream that throws breaks the connection off, so that the client sees that
  // the answer is not whole.
  std::string body;
  std::shared_ptr<const std::string> shared_body;
  std::function<asio::awaitable<void>(StreamWriter&)> stream;
  // To be false where a secret of the page (a CSRF token) and something the
  // request said stand in one body: the size of such a body compressed tells
  // the secret (BREACH).
  bool compressible = true;
  bool close = false;
  // The route template, for metrics; never the raw path.
  std::string route;
  // For the request's span and log line. None of it is sent.
  TraceContext trace;
  std::string request_id;
  std::string account_id;  // who asked, if anybody is known

  absl::string_view bytes() const { return shared_body != nullptr ? *shared_body : body; }
};

// What the server serves. Called on all of the server's threads at once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Answers a request, which stays valid until its answer has been sent, but for its
  // body, which is gone once Handle has returned. Must
  // not block. An exception is answered by Refuse with 500.
  virtual asio::awaitable<HttpResponse> Handle(HttpRequest& request) = 0;
  // The answer to a request that did not get as far as Handle, or failed in
  // it. `head` is what could be read of the head, or null if that is nothing.
  // Must not throw. By default the JSON error of error_form.h.
  virtual HttpResponse Refuse(const Refusal& refusal, const RequestHead* head);
};

}  // namespace rostrum::http
