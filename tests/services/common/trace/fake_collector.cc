#include "tests/services/common/trace/fake_collector.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace rostrum {
namespace {

bool Readable(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  return poll(&wanted, 1, 20) > 0;
}

}  // namespace

FakeCollector::FakeCollector() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FakeCollector::~FakeCollector() {
  stopping_ = true;
  thread_.join();
  close(listener_);
}

std::string FakeCollector::url() const { return absl::StrCat("http://127.0.0.1:", port_); }

std::vector<std::string> FakeCollector::bodies() {
  absl::MutexLock lock(&mu_);
  return bodies_;
}

std::string FakeCollector::last_head() {
  absl::MutexLock lock(&mu_);
  return last_head_;
}

void FakeCollector::Run() {
  while (!stopping_) {
    if (!Readable(listener_)) continue;
    const int connection = accept(listener_, nullptr, nullptr);
    Serve(connection);
    close(connection);
  }
}

void FakeCollector::Serve(int connection) {
  std::string bytes;
  while (!stopping_) {
    if (!Readable(connection)) continue;
    char buffer[4096];
    const ssize_t size = read(connection, buffer, sizeof buffer);
    if (size <= 0) return;
    bytes.append(buffer, size);
    const size_t head_end = bytes.find("\r\n\r\n");
    const size_t length_at = bytes.find("Content-Length: ");
    if (head_end == std::string::npos || length_at == std::string::npos) continue;
    const size_t value = length_at + sizeof("Content-Length: ") - 1;
    size_t length = 0;
    if (!absl::SimpleAtoi(bytes.substr(value, bytes.find("\r\n", value) - value), &length)) return;
    if (bytes.size() < head_end + 4 + length) continue;
    {
      absl::MutexLock lock(&mu_);
      last_head_ = bytes.substr(0, head_end);
      bodies_.push_back(bytes.substr(head_end + 4, length));
    }
    bytes.erase(0, head_end + 4 + length);
    if (status_ == 0) continue;
    const std::string answer =
        absl::StrCat("HTTP/1.1 ", status_.load(), " Status\r\nContent-Length: 2\r\n\r\n{}");
    if (write(connection, answer.data(), answer.size()) < 0) return;
  }
}

}  // namespace rostrum
