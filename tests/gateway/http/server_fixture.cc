#include "tests/gateway/http/server_fixture.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "absl/strings/str_cat.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"

namespace rostrum::http {
namespace {

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr size_t kBigBody = 64 * 1024 * 1024;

}  // namespace

asio::awaitable<HttpResponse> TestHandler::Handle(HttpRequest& request) {
  ++total_;
  {
    absl::MutexLock lock(&mu_);
    ++counts_[request.path];
    last_body_ = request.body;
  }
  HttpResponse response;
  response.headers.Add("Content-Type", "text/plain");
  response.route = request.path;
  if (request.path == "/hello") {
    response.body = "hello";
  } else if (request.path == "/echo") {
    response.body = request.body;
  } else if (request.path == "/client") {
    response.body = absl::StrCat(request.client.ToString(), " ",
                                 request.headers.Has("X-Forwarded-For") ? "header" : "no header");
  } else if (request.path == "/hold") {
    co_await Hold(request.executor);
    response.body = "released";
  } else if (request.path == "/block") {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    co_await asio::post(request.executor, asio::use_awaitable);
    co_await Call(request.executor);
    co_await Call(request.executor);
  } else if (request.path == "/throw") {
    throw std::runtime_error("a secret of the handler");
  } else if (request.path == "/split") {
    response.headers.Add("X-Split", "a\r\nSet-Cookie: b=c");
  } else if (request.path == "/page") {
    response.headers.Set("Content-Type", "text/html; charset=utf-8");
    response.headers.Set("ETag", "\"v1\"");
    response.body = std::string(8192, 'x');
  } else if (request.path == "/big") {
    response.body = std::string(kBigBody, 'x');
  } else if (request.path == "/empty") {
    response.status = 204;
  } else {
    response = Stream(request);
  }
  co_return response;
}

HttpResponse TestHandler::Stream(const HttpRequest& request) {
  HttpResponse response;
  response.headers.Add("Content-Type", "application/x-ndjson");
  const asio::any_io_executor executor = request.executor;
  if (request.path == "/three") {
    response.stream = [](StreamWriter& writer) -> asio::awaitable<void> {
      for (const char* chunk : {"one\n", "", "two\n", "three\n"}) co_await writer.Write(chunk);
    };
  } else if (request.path == "/broken") {
    response.stream = [](StreamWriter& writer) -> asio::awaitable<void> {
      co_await writer.Write("one\n");
      throw std::runtime_error("the service broke off");
    };
  } else if (request.path == "/quiet") {
    response.stream = [this, executor](StreamWriter& writer) { return Quiet(writer, executor); };
  } else if (request.path == "/endless") {
    response.stream = [this](StreamWriter& writer) { return Endless(writer); };
  } else {
    response.status = 404;
  }
  return response;
}

asio::awaitable<void> TestHandler::Call(asio::any_io_executor executor) {
  asio::steady_timer ends(executor, std::chrono::hours(1));
  call_ = &ends;
  co_await ends.async_wait(asio::as_tuple(asio::use_awaitable));
  call_ = nullptr;
}

void TestHandler::GiveUp() {
  if (asio::steady_timer* const call = call_) call->cancel();
}

asio::awaitable<void> TestHandler::Hold(asio::any_io_executor executor) {
  asio::steady_timer timer(executor);
  while (!released_) {
    timer.expires_after(std::chrono::milliseconds(2));
    co_await timer.async_wait(kToken);
  }
}

asio::awaitable<void> TestHandler::Quiet(StreamWriter& writer, asio::any_io_executor executor) {
  asio::steady_timer never(executor, asio::steady_timer::time_point::max());
  co_await writer.Write("one\n");
  writer.OnEnd([&never] { never.cancel(); });
  if (!writer.ended()) co_await never.async_wait(kToken);
  ++streams_ended_;
}

asio::awaitable<void> TestHandler::Endless(StreamWriter& writer) {
  std::string chunk(16 * 1024, 'x');
  bool taken = true;
  while (taken && !writer.ended()) taken = co_await writer.Write(chunk);
  ++streams_ended_;
}

int TestHandler::Count(const std::string& path) const {
  absl::MutexLock lock(&mu_);
  const auto found = counts_.find(path);
  return found == counts_.end() ? 0 : found->second;
}

std::string TestHandler::last_body() const {
  absl::MutexLock lock(&mu_);
  return last_body_;
}

void CountingObserver::ConnectionRefused(absl::string_view reason) {
  if (reason == "total") ++refused_total;
  if (reason == "host") ++refused_host;
  if (reason == "accept") ++refused_accept;
}
void CountingObserver::RequestRefused(const Refusal&) { ++requests_refused; }
void CountingObserver::RequestDone(const Done& done) {
  ++(done.complete ? done_complete : done_incomplete);
  bytes_sent += static_cast<int64_t>(done.bytes_sent);
}

int ServerTest::Port() {
  if (server_ == nullptr) {
    server_ = std::make_unique<HttpServer>(options_, handler_, observer_);
    const absl::Status status = server_->Start();
    EXPECT_TRUE(status.ok()) << status;
  }
  return server_->port();
}

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace rostrum::http
