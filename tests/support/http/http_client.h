#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace rostrum::testing {

using ClientHeaders = std::vector<std::pair<std::string, std::string>>;

// An answer as it came over the wire, body decoded from its framing.
struct ClientResponse {
  int status = 0;
  ClientHeaders headers;
  std::string body;
  // The first field of that name (in any case), or "".
  std::string Header(absl::string_view name) const;
  bool HasHeader(absl::string_view name) const;
};

// A socket that sends exactly the bytes it is told to, good or bad. Every wait
// ends after ten seconds. Not thread-safe.
class RawConnection {
 public:
  explicit RawConnection(int port, const std::string& address = "127.0.0.1");
  ~RawConnection();
  RawConnection(RawConnection&& other) noexcept;
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // False if the server does not take them (any more).
  bool Send(absl::string_view bytes);
  // The next answer, or nullopt if the connection closed before its end. Set
  // `to_head` for the answer to a HEAD request, which has no body.
  std::optional<ClientResponse> Read(bool to_head = false);
  // What has come and what comes up to `text`, or up to the end if it never
  // comes.
  std::string ReadUntil(absl::string_view text);
  // Everything up to the end of the connection.
  std::string ReadAll();
  // True if the server closes (or has closed) without sending anything more.
  bool Closed();
  void HalfClose();
  void Close();
  // So that the kernel holds little of what is not read. Before sending.
  void ShrinkReceiveBuffer();

 private:
  bool ReadMore();
  bool TakeChunked(std::string& body);

  int socket_ = -1;
  std::string buffer_;
};

// One request each over a connection of its own.
class HttpClient {
 public:
  explicit HttpClient(int port) : port_(port) {}
  // Status 0 if there was no whole answer.
  ClientResponse Get(const std::string& target, const ClientHeaders& headers = {}) const;
  ClientResponse Post(const std::string& target, const std::string& body,
                      const ClientHeaders& headers = {}) const;
  ClientResponse Do(const std::string& method, const std::string& target, const std::string& body,
                    const ClientHeaders& headers) const;

 private:
  const int port_;
};

}  // namespace rostrum::testing
