#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "gateway/http/body_memory.h"
#include "gateway/http/connection_limits.h"
#include "gateway/http/message.h"
#include "gateway/http/request_reader.h"
#include "gateway/http/response_head.h"
#include "gateway/http/server.h"

namespace rostrum::http {

// What the connections of a server share.
struct ServerContext {
  const HttpServerOptions& options;
  HttpHandler& handler;
  HttpObserver& observer;
  std::atomic<bool> draining = false;
  std::atomic<bool> stopping = false;
  BodyMemory bodies{options.buffered_body_bytes, options.OfClient(options.buffered_body_bytes)};
  BodyMemory uploads{options.buffered_upload_bytes,
                     options.OfClient(options.buffered_upload_bytes)};
  BodyMemory answers{options.buffered_answer_bytes,
                     options.OfClient(options.buffered_answer_bytes)};

  // Who has the memory for a body; nullopt for proxies, which stand for many.
  std::optional<IpAddress> HolderFor(const IpAddress& client) const {
    if (options.trusted_proxies.Contains(client)) return std::nullopt;
    return client.Host();
  }
};

// One client's connection: reads a request, has it handled, sends the answer,
// and so on. Lives in the coroutine that runs it, on one thread.
class Connection {
 public:
  using Registry = absl::flat_hash_set<Connection*>;

  // Is in `registry` as long as it lives.
  Connection(ServerContext& context, boost::asio::ip::tcp::socket socket, const IpAddress& peer,
             ConnectionLimits::Slot slot, Registry& registry);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  boost::asio::awaitable<void> Run();

  // Called periodically: cancels socket operations whose deadline has passed.
  void Tick(Deadline::Clock::time_point now);
  // Closes the connection if it is idle; otherwise after the running request.
  void BeginStop();
  void ForceClose();

 private:
  enum class Phase { kIdle, kReading, kHandling, kWriting, kClosing };
  class Stream;  // connection_stream.h
  using Buffers = std::array<boost::asio::const_buffer, 3>;
  static boost::asio::const_buffer ToBuffer(absl::string_view text) {
    return {text.data(), text.size()};
  }
  // Whether the answer went out whole, and whether the connection may go on.
  struct Sent {
    bool whole = false;
    bool keep = false;
  };

  boost::asio::awaitable<bool> ServeOne(bool last);
  boost::asio::awaitable<ReadOutcome> ReadRequest(HttpRequest& request,
                                                  std::optional<BodyMemory::Share>& share);
  boost::asio::awaitable<ReadOutcome> ReadBody(HttpRequest& request,
                                               std::optional<BodyMemory::Share>& share);
  boost::asio::awaitable<HttpResponse> Handle(HttpRequest& request);
  boost::asio::awaitable<Sent> Respond(const HttpRequest& request, HttpResponse& response,
                                       bool last);
  boost::asio::awaitable<bool> SendBytes(const HttpRequest& request, const HttpResponse& response,
                                         bool keep);
  boost::asio::awaitable<Sent> SendStream(const HttpRequest& request, HttpResponse& response,
                                          bool keep);
  boost::asio::awaitable<void> RefuseAndLinger(const Refusal& refusal, const RequestHead* head);
  boost::asio::awaitable<bool> Write(Buffers buffers);
  boost::asio::awaitable<void> Linger();
  HttpResponse Refuse(const Refusal& refusal, const RequestHead* head);
  // Takes the memory for a large response to a read. If there is none left, the response
  // becomes a refusal.
  void Hold(const HttpRequest& request, HttpResponse& response,
            std::optional<BodyMemory::Share>& held);
  bool HasUnreadBytes() const;

  ServerContext& context_;
  boost::asio::ip::tcp::socket socket_;
  const IpAddress peer_;
  const ConnectionLimits::Slot slot_;
  Registry& registry_;
  RequestReader reader_;
  Deadline deadline_;
  Phase phase_ = Phase::kIdle;
  bool timed_out_ = false;
  bool is_new_ = true;  // no request has come yet
  uint64_t body_sent_ = 0;
  // While a stream is sent.
  std::shared_ptr<Stream> stream_;
};

}  // namespace rostrum::http
