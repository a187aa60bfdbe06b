#include "gateway/http/connection.h"

#include <exception>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "gateway/http/compression.h"
#include "gateway/http/connection_stream.h"
#include "services/common/base/log.h"

namespace rostrum::http {
namespace {

using boost::asio::ip::tcp;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
// How long, and for how many bytes, a client that was refused may go on
// sending, so that the answer is not lost in a reset.
constexpr auto kLinger = std::chrono::seconds(1);
constexpr size_t kLingerBytes = 1024 * 1024;
// How long a new client may take to send its request while the server stops.
constexpr auto kLastChance = std::chrono::milliseconds(500);

Deadline::Clock::duration ToChrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

bool IsForOthersToSet(const std::string& name) {
  return absl::StartsWithIgnoreCase(name, "x-forwarded-") ||
         absl::StartsWithIgnoreCase(name, "x-user-") || absl::StartsWithIgnoreCase(name, "grpc-") ||
         absl::EqualsIgnoreCase(name, "x-real-ip") || absl::EqualsIgnoreCase(name, "forwarded");
}

}  // namespace

Connection::Connection(ServerContext& context, tcp::socket socket, const IpAddress& peer,
                       ConnectionLimits::Slot slot, Registry& registry)
    : context_(context),
      socket_(std::move(socket)),
      peer_(peer),
      slot_(std::move(slot)),
      registry_(registry),
      reader_(socket_, context.options.head) {
  registry_.insert(this);
  context_.observer.ConnectionOpened();
}

Connection::~Connection() {
  registry_.erase(this);
  context_.observer.ConnectionClosed();
}

void Connection::Tick(Deadline::Clock::time_point now) {
  if (now < deadline_.at) return;
  timed_out_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Connection::BeginStop() {
  if (phase_ == Phase::kIdle && is_new_) {
    deadline_.In(kLastChance);
  } else if (phase_ == Phase::kIdle && !HasUnreadBytes()) {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  if (stream_ != nullptr) stream_->End();
}

void Connection::ForceClose() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (stream_ != nullptr) stream_->ClientGone();
}

asio::awaitable<void> Connection::Run() {
  bool go_on = true;
  for (int served = 1; go_on; ++served) {
    const bool last = served >= context_.options.max_requests_per_connection;
    go_on = co_await ServeOne(last);
  }
}

// False if the connection is to be closed, which its destructor does.
asio::awaitable<bool> Connection::ServeOne(bool last) {
  HttpRequest request;
  std::optional<BodyMemory::Share> share;
  timed_out_ = false;
  body_sent_ = 0;
  ReadOutcome read = co_await ReadRequest(request, share);
  if (read.kind == ReadOutcome::kAborted && timed_out_ && phase_ == Phase::kReading &&
      (reader_.has_bytes() || !request.method.empty())) {
    read = {ReadOutcome::kRefused, {408, "REQUEST_TIMEOUT", "the request took too long"}};
  }
  if (read.kind == ReadOutcome::kRefused) {
    const RequestHead* head = request.method.empty() ? nullptr : &request;
    co_await RefuseAndLinger(read.refusal, head);
  }
  if (read.kind != ReadOutcome::kOk) co_return false;

  phase_ = Phase::kHandling;
  deadline_.Never();
  const auto start = Deadline::Clock::now();
  context_.observer.RequestStarted(request);
  HttpResponse response = co_await Handle(request);
  share.reset();
  std::string().swap(request.body);
  MaybeCompress(request.headers, response);
  std::optional<BodyMemory::Share> held;
  Hold(request, response, held);
  const Sent sent = co_await Respond(request, response, last);
  context_.observer.RequestDone({request, response, body_sent_,
                                 absl::FromChrono(Deadline::Clock::now() - start), sent.whole});
  const bool stop = context_.stopping && !HasUnreadBytes();
  co_return sent.keep && !stop;
}

asio::awaitable<ReadOutcome> Connection::ReadRequest(HttpRequest& request,
                                                     std::optional<BodyMemory::Share>& share) {
  const HttpServerOptions& options = context_.options;
  phase_ = Phase::kIdle;
  if (context_.stopping) {
    deadline_.In(kLastChance);
  } else if (is_new_ || reader_.has_bytes()) {
    deadline_.In(ToChrono(options.head_timeout));
  } else {
    deadline_.In(ToChrono(options.idle_timeout));
  }
  if (!reader_.has_bytes()) {
    ReadOutcome some = co_await reader_.ReadSome();
    if (some.kind != ReadOutcome::kOk) co_return some;
    if (!is_new_) deadline_.In(ToChrono(options.head_timeout));
  }
  phase_ = Phase::kReading;
  is_new_ = false;
  ReadOutcome outcome = co_await reader_.ReadHead(request);
  if (outcome.kind != ReadOutcome::kOk) co_return outcome;
  request.peer = peer_;
  request.client = ClientAddress(peer_, options.trusted_proxies, request.headers);
  request.executor = socket_.get_executor();
  request.headers.RemoveIf(
      [](const HttpHeaders::Field& field) { return IsForOthersToSet(field.first); });
  if (!request.has_body()) co_return outcome;
  outcome = co_await ReadBody(request, share);
  co_return outcome;
}

asio::awaitable<ReadOutcome> Connection::ReadBody(HttpRequest& request,
                                                  std::optional<BodyMemory::Share>& share) {
  const HttpServerOptions& options = context_.options;
  const size_t limit = options.body_limit ? options.body_limit(request) : options.body_bytes;
  share.emplace(limit > options.body_bytes ? context_.uploads : context_.bodies,
                context_.HolderFor(request.client));
  const uint64_t size = request.content_length.value_or(0);
  if (size <= limit && !share->Fits(size)) co_return RequestReader::NoMemory();
  if (request.expects_continue && size <= limit && !reader_.has_bytes()) {
    phase_ = Phase::kWriting;
    Buffers interim = {ToBuffer("HTTP/1.1 100 Continue\r\n\r\n")};
    const bool written = co_await Write(interim);
    if (!written) co_return ReadOutcome{ReadOutcome::kClosed, {}};
    phase_ = Phase::kReading;
  }
  const PacedDeadline::Pace pace = {ToChrono(options.body_timeout), options.min_bytes_per_second,
                                    ToChrono(options.body_most), ToChrono(options.body_timeout)};
  ReadOutcome outcome =
      co_await reader_.ReadBody(request, limit, pace, deadline_, *share, request.body);
  co_return outcome;
}

asio::awaitable<HttpResponse> Connection::Handle(HttpRequest& request) {
  HttpResponse response;
  std::string failure;
  try {
    response = co_await context_.handler.Handle(request);
  } catch (const std::exception& error) {
    failure = absl::StrCat("handler threw: ", error.what());
  } catch (...) {
    failure = "handler threw";
  }
  if (!failure.empty()) {
    LogError(failure);
    response = Refuse({500, "INTERNAL", "something went wrong on our side"}, &request);
  }
  co_return response;
}

HttpResponse Connection::Refuse(const Refusal& refusal, const RequestHead* head) {
  HttpResponse response = context_.handler.Refuse(refusal, head);
  response.stream = nullptr;
  if (refusal.status == 405 && !response.headers.Has("allow")) {
    response.headers.Add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  }
  if (refusal.status == 503 && !response.headers.Has("retry-after")) {
    response.headers.Add("Retry-After", "1");
  }
  return response;
}

void Connection::Hold(const HttpRequest& request, HttpResponse& response,
                      std::optional<BodyMemory::Share>& held) {
  // The answer to a write is sent even over the memory limit: the write has been done.
  if (!request.is_read() || response.body.size() <= kLargeAnswer) return;
  held.emplace(context_.answers, context_.HolderFor(request.client));
  if (held->Grow(response.body.size())) return;
  HttpResponse refused = Refuse(
      {503, "OVERLOADED", "too many large answers are being read, try again shortly"}, &request);
  refused.route = response.route;
  refused.trace = response.trace;
  refused.request_id = response.request_id;
  refused.account_id = response.account_id;
  response = std::move(refused);
}

asio::awaitable<void> Connection::RefuseAndLinger(const Refusal& refusal, const RequestHead* head) {
  context_.observer.RequestRefused(refusal);
  HttpRequest nothing;
  if (head != nullptr) nothing.method = head->method;
  HttpResponse response = Refuse(refusal, head);
  const bool keep = false;
  co_await SendBytes(nothing, response, keep);
  co_await Linger();
}

asio::awaitable<Connection::Sent> Connection::Respond(const HttpRequest& request,
                                                      HttpResponse& response, bool last) {
  const bool keep = request.keep_alive && !last && !response.close && !context_.draining;
  Sent sent;
  if (response.stream) {
    sent = co_await SendStream(request, response, keep);
  } else {
    sent.whole = co_await SendBytes(request, response, keep);
    sent.keep = keep;
  }
  sent.keep = sent.keep && sent.whole;
  if (sent.whole && !sent.keep && HasUnreadBytes()) co_await Linger();
  co_return sent;
}

bool Connection::HasUnreadBytes() const {
  boost::system::error_code ignored;
  return reader_.has_bytes() || socket_.available(ignored) > 0;
}

asio::awaitable<bool> Connection::SendBytes(const HttpRequest& request,
                                            const HttpResponse& response, bool keep) {
  phase_ = Phase::kWriting;
  const bool no_body = response.status == 204 || response.status == 304;
  ResponseFraming framing;
  framing.keep_alive = keep;
  framing.minor_version = request.minor_version;
  if (!no_body) framing.content_length = response.bytes().size();
  std::string head = ResponseHead(response.status, response.headers, framing);
  absl::string_view body = response.bytes();
  if (head.empty()) {
    LogError("the handler's answer has an invalid header", {{"route", response.route}});
    framing.content_length = 0;
    head = ResponseHead(500, HttpHeaders(), framing);
    body = "";
  }
  if (no_body || request.method == "HEAD") body = "";
  Buffers buffers = {ToBuffer(head), ToBuffer(body)};
  const bool written = co_await Write(buffers);
  if (written) body_sent_ += body.size();
  co_return written;
}

asio::awaitable<Connection::Sent> Connection::SendStream(const HttpRequest& request,
                                                         HttpResponse& response, bool keep) {
  phase_ = Phase::kWriting;
  ResponseFraming framing;
  framing.minor_version = request.minor_version;
  framing.chunked = request.minor_version == 1;
  framing.keep_alive = keep && framing.chunked;
  const std::string head = ResponseHead(response.status, response.headers, framing);
  if (head.empty()) {
    HttpResponse error = Refuse({500, "INTERNAL", "something went wrong on our side"}, &request);
    const bool sent = co_await SendBytes(request, error, keep);
    co_return Sent{sent, keep};
  }
  Buffers buffers = {ToBuffer(head)};
  bool whole = co_await Write(buffers);
  if (!whole || request.method == "HEAD") co_return Sent{whole, framing.keep_alive};

  phase_ = Phase::kHandling;
  stream_ = std::make_shared<Stream>(*this, framing.chunked);
  if (context_.draining) stream_->End();
  stream_->Watch();
  try {
    co_await response.stream(*stream_);
  } catch (const std::exception& error) {
    LogError(absl::StrCat("stream threw: ", error.what()));
    whole = false;
  } catch (...) {
    LogError("stream threw");
    whole = false;
  }
  whole = whole && !stream_->gone();
  stream_->Detach();
  stream_ = nullptr;
  if (whole && framing.chunked) {
    Buffers end = {ToBuffer("0\r\n\r\n")};
    whole = co_await Write(end);
  }
  co_return Sent{whole, framing.keep_alive};
}

asio::awaitable<bool> Connection::Write(Buffers buffers) {
  const HttpServerOptions& options = context_.options;
  const PacedDeadline::Pace pace = {ToChrono(options.write_timeout), options.min_bytes_per_second,
                                    ToChrono(options.write_most), ToChrono(options.write_most)};
  PacedDeadline paced(pace, deadline_);
  size_t left = asio::buffer_size(buffers);
  while (left > 0) {
    auto [error, size] = co_await socket_.async_write_some(buffers, kToken);
    if (error) co_return false;
    left -= size;
    paced.Progress(size);
    for (asio::const_buffer& buffer : buffers) {
      const size_t taken = std::min(size, buffer.size());
      buffer += taken;
      size -= taken;
    }
  }
  deadline_.Never();
  co_return true;
}

asio::awaitable<void> Connection::Linger() {
  phase_ = Phase::kClosing;
  boost::system::error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  deadline_.In(kLinger);
  std::array<char, 4096> discarded;
  size_t total = 0;
  while (!error && total < kLingerBytes) {
    auto [read_error, size] = co_await socket_.async_read_some(asio::buffer(discarded), kToken);
    error = read_error;
    total += size;
  }
}

}  // namespace rostrum::http
