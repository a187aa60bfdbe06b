#include "gateway/http/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "gateway/http/connection.h"
#include "gateway/http/error_form.h"
#include "gateway/http/file_limit.h"
#include "services/common/base/log.h"

namespace rostrum::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
// Pause after a failed accept, which mostly means that there are no file descriptors.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr int kBacklog = 1024;

// The answer to clients beyond the limits. Built once: a refusal must cost next to nothing.
const std::string& TooManyConnections() {
  static const auto* const answer = [] {
    HttpResponse error = JsonError({503, "OVERLOADED", "too many connections"});
    error.headers.Add("Retry-After", "1");
    ResponseFraming framing;
    framing.content_length = error.body.size();
    framing.keep_alive = false;
    return new std::string(ResponseHead(error.status, error.headers, framing) + error.body);
  }();
  return *answer;
}

IpAddress ToAddress(const asio::ip::address& address) {
  return address.is_v4() ? IpAddress::FromV4(address.to_v4().to_bytes())
                         : IpAddress::FromV6(address.to_v6().to_bytes());
}

// One thread with its listening socket and its connections.
class Worker {
 public:
  Worker(ServerContext& context, ConnectionLimits& limits)
      : context_(context), limits_(limits), acceptor_(io_), ticker_(io_) {}
  ~Worker() { Join(); }

  error_code Listen(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (error) return error;
    // With a socket for each thread the kernel spreads the connections.
    const int on = 1;
    if (::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
      return error_code(errno, boost::system::system_category());
    }
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(kBacklog, error);
    return error;
  }
  int port() const { return acceptor_.local_endpoint().port(); }

  void Start() {
    asio::co_spawn(io_, Accept(), asio::detached);
    asio::co_spawn(io_, Tick(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  void BeginStop() {
    asio::post(io_, [this] {
      stopping_ = true;
      TakeWaiting();
      error_code ignored;
      acceptor_.close(ignored);
      for (Connection* connection : Connections()) connection->BeginStop();
    });
  }
  void ForceClose() {
    asio::post(io_, [this] {
      for (Connection* connection : Connections()) connection->ForceClose();
    });
  }
  void Join() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  // After Join: runs what is ready, on this thread. Returns how much that was.
  size_t RunReady() {
    io_.restart();
    return io_.poll();
  }

 private:
  // A copy, because calls on a connection may run callbacks of handlers, which may do anything.
  std::vector<Connection*> Connections() const {
    return {connections_.begin(), connections_.end()};
  }

  asio::awaitable<void> Accept() {
    asio::steady_timer pause(io_);
    while (!stopping_) {
      tcp::endpoint peer;
      auto [error, socket] = co_await acceptor_.async_accept(peer, kToken);
      if (stopping_ && error) break;
      if (error == asio::error::connection_aborted) continue;
      if (error) {
        context_.observer.ConnectionRefused("accept");
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kToken);
        continue;
      }
      Admit(std::move(socket), peer);
    }
  }

  // Admits the connections in the backlog, which closing the listening socket would reset.
  void TakeWaiting() {
    error_code error;
    acceptor_.non_blocking(true, error);
    for (int i = 0; i < kBacklog && !error; ++i) {
      tcp::endpoint peer;
      tcp::socket socket(io_);
      acceptor_.accept(socket, peer, error);
      if (!error) Admit(std::move(socket), peer);
    }
  }

  void Admit(tcp::socket socket, const tcp::endpoint& peer) {
    const IpAddress address = ToAddress(peer.address());
    ConnectionLimits::Refused refused;
    std::optional<ConnectionLimits::Slot> slot = limits_.Take(address, refused);
    if (!slot.has_value()) {
      const bool total = refused == ConnectionLimits::Refused::kTotal;
      context_.observer.ConnectionRefused(total ? "total" : "host");
      TurnAway(socket);
      return;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    asio::co_spawn(io_, Serve(std::move(socket), address, *std::move(slot)), asio::detached);
  }

  // Never waits: refused clients must not hold up a full server.
  static void TurnAway(tcp::socket& socket) {
    const int handle = socket.native_handle();
    char request[4096];
    while (::recv(handle, request, sizeof(request), MSG_DONTWAIT) == sizeof(request)) {
    }
    const std::string& answer = TooManyConnections();
    (void)!::send(handle, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ::shutdown(handle, SHUT_RDWR);
  }

  asio::awaitable<void> Serve(tcp::socket socket, IpAddress peer, ConnectionLimits::Slot slot) {
    Connection connection(context_, std::move(socket), peer, std::move(slot), connections_);
    try {
      co_await connection.Run();
    } catch (const std::exception& error) {
      LogError(absl::StrCat("connection failed: ", error.what()));
    }
  }

  // One timer for all connections is cheaper than one for each.
  asio::awaitable<void> Tick() {
    const HttpServerOptions& options = context_.options;
    const absl::Duration shortest = std::min(
        {options.head_timeout, options.body_timeout, options.write_timeout, options.idle_timeout});
    const auto every = absl::ToChronoMilliseconds(
        std::clamp(shortest / 8, absl::Milliseconds(5), absl::Milliseconds(250)));
    for (;;) {
      ticker_.expires_after(every);
      co_await ticker_.async_wait(kToken);
      const auto now = Deadline::Clock::now();
      for (Connection* connection : Connections()) connection->Tick(now);
    }
  }

  ServerContext& context_;
  ConnectionLimits& limits_;
  bool stopping_ = false;
  Connection::Registry connections_;
  // Declared after the members that its coroutines use, so that the coroutines are destroyed first.
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer ticker_;
  std::thread thread_;
};

}  // namespace

struct HttpServer::Impl {
  Impl(HttpServerOptions o, HttpHandler& handler, HttpObserver& observer)
      : options(std::move(o)),
        context{options, handler, observer},
        limits(options.max_connections, options.max_connections_per_host, options.trusted_proxies) {
  }

  const HttpServerOptions options;
  ServerContext context;
  ConnectionLimits limits;
  int port = 0;
  bool stopped = false;
  bool nothing_cut = true;
  std::vector<std::unique_ptr<Worker>> workers;
};

HttpServer::HttpServer(HttpServerOptions options, HttpHandler& handler, HttpObserver& observer)
    : impl_(std::make_unique<Impl>(std::move(options), handler, observer)) {}

HttpServer::~HttpServer() { Stop(absl::ZeroDuration()); }

absl::Status HttpServer::Start() {
  const int64_t descriptors = RaiseFileLimit();
  if (descriptors < impl_->options.max_connections + 256) {
    LogWarning("fewer file descriptors than connections may come",
               {{"descriptors", descriptors}, {"max_connections", impl_->options.max_connections}});
  }
  error_code error;
  const auto address = asio::ip::make_address(impl_->options.address, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("not an address to listen on: ", impl_->options.address));
  }
  impl_->port = impl_->options.port;
  for (int i = 0; i < impl_->options.threads; ++i) {
    auto worker = std::make_unique<Worker>(impl_->context, impl_->limits);
    error = worker->Listen(tcp::endpoint(address, static_cast<uint16_t>(impl_->port)));
    if (error) {
      impl_->workers.clear();
      return absl::UnavailableError(absl::StrCat("cannot listen on ", impl_->options.address, ":",
                                                 impl_->port, ": ", error.message()));
    }
    impl_->port = worker->port();
    impl_->workers.push_back(std::move(worker));
  }
  for (auto& worker : impl_->workers) worker->Start();
  return absl::OkStatus();
}

int HttpServer::port() const { return impl_->port; }
int HttpServer::connections() const { return impl_->limits.count(); }
void HttpServer::Drain() { impl_->context.draining = true; }

bool HttpServer::Stop(absl::Duration grace, const std::function<void()>& give_up) {
  if (std::exchange(impl_->stopped, true)) return impl_->nothing_cut;
  Drain();
  impl_->context.stopping = true;
  for (auto& worker : impl_->workers) worker->BeginStop();
  impl_->nothing_cut = impl_->limits.WaitUntilNone(grace);
  if (!impl_->nothing_cut) {
    LogWarning("closing connections that did not finish", {{"connections", connections()}});
    for (auto& worker : impl_->workers) worker->ForceClose();
  }
  give_up();
  constexpr absl::Duration kUnwind = absl::Seconds(1);
  impl_->limits.WaitUntilNone(kUnwind);
  for (auto& worker : impl_->workers) worker->Join();
  // A loop that was blocked did not get as far. Coroutines of one loop may hold those of others,
  // so they must end before the first loop is destroyed. They may begin calls as they end: only
  // after a round in which none ran since the calls were given up is there nothing left.
  const absl::Time last = absl::Now() + kUnwind;
  for (size_t ran = 1; ran > 0 && absl::Now() < last;) {
    give_up();
    ran = 0;
    for (auto& worker : impl_->workers) ran += worker->RunReady();
  }
  return impl_->nothing_cut;
}

}  // namespace rostrum::http
