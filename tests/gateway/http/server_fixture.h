#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "boost/asio/steady_timer.hpp"
#include "gateway/http/server.h"
#include "gtest/gtest.h"
#include "tests/support/http/http_client.h"

namespace rostrum::http {

// Answers a few paths, and counts what it was asked.
//   /hello     "hello"
//   /echo      the body
//   /client    the client's address and whether X-Forwarded-For came through
//   /hold      waits until Release()
//   /block     blocks its thread for longer than Stop waits for what it cuts off, then makes
//              two calls, which only GiveUp ends
//   /throw     throws
//   /split     answers with a header that has a line break
//   /page      8 KiB of text/html
//   /big       64 MiB
//   /three     a stream of three chunks
//   /broken    a stream that throws after its first chunk
//   /quiet     a stream of one chunk that then waits to be ended
//   /endless   a stream that never stops by itself
class TestHandler final : public HttpHandler {
 public:
  asio::awaitable<HttpResponse> Handle(HttpRequest& request) override;

  int Count(const std::string& path) const;
  int total() const { return total_; }
  void Release() { released_ = true; }
  // To be called when the server's threads have ended.
  void GiveUp();
  int streams_ended() const { return streams_ended_; }
  std::string last_body() const;

 private:
  asio::awaitable<void> Hold(asio::any_io_executor executor);
  asio::awaitable<void> Call(asio::any_io_executor executor);
  asio::awaitable<void> Quiet(StreamWriter& writer, asio::any_io_executor executor);
  asio::awaitable<void> Endless(StreamWriter& writer);
  HttpResponse Stream(const HttpRequest& request);

  mutable absl::Mutex mu_;
  std::map<std::string, int> counts_ ABSL_GUARDED_BY(mu_);
  std::string last_body_ ABSL_GUARDED_BY(mu_);
  std::atomic<int> total_ = 0;
  std::atomic<int> streams_ended_ = 0;
  std::atomic<bool> released_ = false;
  std::atomic<asio::steady_timer*> call_ = nullptr;
};

class CountingObserver final : public HttpObserver {
 public:
  void ConnectionRefused(absl::string_view reason) override;
  void RequestRefused(const Refusal& refusal) override;
  void RequestDone(const Done& done) override;

  std::atomic<int> refused_total = 0;
  std::atomic<int> refused_host = 0;
  std::atomic<int> refused_accept = 0;
  std::atomic<int> requests_refused = 0;
  std::atomic<int> done_complete = 0;
  std::atomic<int> done_incomplete = 0;
  std::atomic<int64_t> bytes_sent = 0;
};

// A server on a free port, started by the first use of Port() with `options_`.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { options_.threads = 1; }

  int Port();
  testing::RawConnection Connect() { return testing::RawConnection(Port()); }
  testing::HttpClient Client() { return testing::HttpClient(Port()); }

  HttpServerOptions options_;
  TestHandler handler_;
  CountingObserver observer_;
  std::unique_ptr<HttpServer> server_;
};

// Polls until `condition` holds; false after ten seconds.
bool Eventually(const std::function<bool()>& condition);

inline std::string Get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: rostrum.test\r\n\r\n";
}

}  // namespace rostrum::http
