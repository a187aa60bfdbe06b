#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/http/connection.h"

namespace rostrum::http {

// The writer of a stream. It is shared with the operation that waits for the client to
// close, which may complete after the stream has ended.
class Connection::Stream final : public StreamWriter, public std::enable_shared_from_this<Stream> {
 public:
  Stream(Connection& connection, bool chunked) : connection_(&connection), chunked_(chunked) {}

  asio::awaitable<bool> Write(std::string chunk) override;
  bool ended() const override { return ended_; }
  void OnEnd(std::function<void()> on_end) override;

  // The server is stopping. What the stream still writes is sent.
  void End();
  void ClientGone();
  bool gone() const { return gone_; }

  // Waits for the client to close. If the client has sent its next request already, only a
  // failed write shows that it has gone.
  void Watch();
  // The stream has ended; the connection is used for other requests from now on.
  void Detach();

 private:
  Connection* connection_;
  const bool chunked_;
  bool ended_ = false;
  bool gone_ = false;
  std::function<void()> on_end_;
};

}  // namespace rostrum::http
