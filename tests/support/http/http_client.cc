#include "tests/support/http/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rostrum::testing {
namespace {

constexpr timeval kPatience = {10, 0};

}  // namespace

std::string ClientResponse::Header(absl::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (absl::EqualsIgnoreCase(field, name)) return value;
  }
  return "";
}

bool ClientResponse::HasHeader(absl::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (absl::EqualsIgnoreCase(field, name)) return true;
  }
  return false;
}

RawConnection::RawConnection(int port, const std::string& address) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &peer.sin_addr);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  if (connect(socket_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) != 0) Close();
}

RawConnection::~RawConnection() { Close(); }

RawConnection::RawConnection(RawConnection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}

void RawConnection::Close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void RawConnection::HalfClose() { ::shutdown(socket_, SHUT_WR); }

void RawConnection::ShrinkReceiveBuffer() {
  const int bytes = 4096;
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

bool RawConnection::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawConnection::ReadMore() {
  std::array<char, 16384> chunk;
  const ssize_t size = ::recv(socket_, chunk.data(), chunk.size(), 0);
  if (size <= 0) return false;
  buffer_.append(chunk.data(), static_cast<size_t>(size));
  return true;
}

std::string RawConnection::ReadUntil(absl::string_view text) {
  while (!absl::StrContains(buffer_, text)) {
    if (!ReadMore()) return std::exchange(buffer_, "");
  }
  const size_t end = absl::string_view(buffer_).find(text) + text.size();
  std::string result = buffer_.substr(0, end);
  buffer_.erase(0, end);
  return result;
}

std::string RawConnection::ReadAll() {
  while (ReadMore()) {
  }
  return std::exchange(buffer_, "");
}

bool RawConnection::Closed() {
  if (!buffer_.empty() || socket_ < 0) return socket_ < 0;
  char byte;
  const ssize_t size = ::recv(socket_, &byte, 1, 0);
  const bool waited_in_vain = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  return size <= 0 && !waited_in_vain;
}

bool RawConnection::TakeChunked(std::string& body) {
  for (;;) {
    const std::string line = ReadUntil("\r\n");
    if (!absl::EndsWith(line, "\r\n")) return false;
    const size_t size = std::strtoul(line.c_str(), nullptr, 16);
    while (buffer_.size() < size + 2) {
      if (!ReadMore()) return false;
    }
    body.append(buffer_, 0, size);
    buffer_.erase(0, size + 2);
    if (size == 0) return true;
  }
}

std::optional<ClientResponse> RawConnection::Read(bool to_head) {
  const std::string head = ReadUntil("\r\n\r\n");
  if (!absl::EndsWith(head, "\r\n\r\n")) return std::nullopt;
  ClientResponse response;
  const std::vector<std::string> lines = absl::StrSplit(head, "\r\n", absl::SkipEmpty());
  if (lines[0].size() < 12 || !absl::SimpleAtoi(lines[0].substr(9, 3), &response.status)) {
    return std::nullopt;
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<std::string, std::string> field =
        absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    response.headers.emplace_back(field.first, absl::StripAsciiWhitespace(field.second));
  }
  if (to_head || response.status < 200 || response.status == 204 || response.status == 304) {
    return response;
  }
  if (response.Header("transfer-encoding") == "chunked") {
    if (!TakeChunked(response.body)) return std::nullopt;
  } else if (response.HasHeader("content-length")) {
    size_t size = 0;
    if (!absl::SimpleAtoi(response.Header("content-length"), &size)) return std::nullopt;
    while (buffer_.size() < size) {
      if (!ReadMore()) return std::nullopt;
    }
    response.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
  } else {
    response.body = ReadAll();
  }
  return response;
}

ClientResponse HttpClient::Get(const std::string& target, const ClientHeaders& headers) const {
  return Do("GET", target, "", headers);
}

ClientResponse HttpClient::Post(const std::string& target, const std::string& body,
                                const ClientHeaders& headers) const {
  return Do("POST", target, body, headers);
}

ClientResponse HttpClient::Do(const std::string& method, const std::string& target,
                              const std::string& body, const ClientHeaders& headers) const {
  std::string request =
      absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: 127.0.0.1:", port_, "\r\n");
  for (const auto& [name, value] : headers) absl::StrAppend(&request, name, ": ", value, "\r\n");
  if (method == "POST" || method == "PUT" || method == "PATCH") {
    absl::StrAppend(&request, "Content-Length: ", body.size(), "\r\n");
  }
  absl::StrAppend(&request, "Connection: close\r\n\r\n", body);
  RawConnection connection(port_);
  connection.Send(request);
  return connection.Read(method == "HEAD").value_or(ClientResponse());
}

}  // namespace rostrum::testing
