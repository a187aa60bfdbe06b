#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/http/connection.h"

namespace rostrum::http {

// What a stream's coroutine writes to. Shared with the operation that waits for
// the client to leave, which may come back after the stream has ended.
class Connection::Stream final : public StreamWriter, public std::enable_shared_from_this<Stream> {
 public:
  Stream(Connection& connection, bool chunked) : connection_(&connection), chunked_(chunked) {}

  asio::awaitable<bool> Write(std::string chunk) override;
  bool ended() const override { return ended_; }
  void OnEnd(std::function<void()> on_end) override;

  // The server stops; what the stream still writes is sent.
  void End();
  void ClientGone();
  bool gone() const { return gone_; }

  // Waits for the client to close. A client that has sent its next request
  // already is only missed when a write fails.
  void Watch();
  // The connection goes on without this stream.
  void Detach();

 private:
  Connection* connection_;
  const bool chunked_;
  bool ended_ = false;
  bool gone_ = false;
  std::function<void()> on_end_;
};

}  // namespace rostrum::http
