#include "gateway/http/connection_stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rostrum::http {

asio::awaitable<bool> Connection::Stream::Write(std::string chunk) {
  if (gone_) co_return false;
  if (chunk.empty()) co_return true;
  connection_->body_sent_ += chunk.size();
  const std::string size = chunked_ ? absl::StrCat(absl::Hex(chunk.size()), "\r\n") : "";
  Buffers buffers = {ToBuffer(size), ToBuffer(chunk), ToBuffer(chunked_ ? "\r\n" : "")};
  const bool written = co_await connection_->Write(buffers);
  if (!written) ClientGone();
  co_return written;
}

void Connection::Stream::OnEnd(std::function<void()> on_end) {
  if (ended_) {
    on_end();
  } else {
    on_end_ = std::move(on_end);
  }
}

void Connection::Stream::End() {
  if (std::exchange(ended_, true)) return;
  const std::function<void()> on_end = std::exchange(on_end_, nullptr);
  if (on_end) on_end();
}

void Connection::Stream::ClientGone() {
  gone_ = true;
  End();
}

void Connection::Stream::Watch() {
  auto on_readable = [self = shared_from_this()](const boost::system::error_code& error) {
    if (self->connection_ == nullptr || error) return;
    char byte;
    const int socket = self->connection_->socket_.native_handle();
    const ssize_t size = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size > 0) return;
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return self->Watch();
    self->ClientGone();
  };
  connection_->socket_.async_wait(boost::asio::ip::tcp::socket::wait_read, std::move(on_readable));
}

void Connection::Stream::Detach() {
  boost::system::error_code ignored;
  connection_->socket_.cancel(ignored);
  connection_ = nullptr;
  on_end_ = nullptr;
}

}  // namespace rostrum::http
