#include "gateway/http/request_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "boost/asio/as_tuple.hpp"
#include "boost/asio/error.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"

namespace rostrum::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytes = 4096;
// Most bytes of a body that Beast may hold before it decodes them.
constexpr size_t kBodyBuffer = 64 * 1024;

ReadOutcome Refused(int status, absl::string_view reason, absl::string_view message) {
  return {ReadOutcome::kRefused, {status, std::string(reason), std::string(message)}};
}
ReadOutcome TooLarge() { return Refused(413, "BODY_TOO_LARGE", "the request body is too large"); }
ReadOutcome BadBody() { return Refused(400, "INVALID_BODY", "the request body is malformed"); }

ReadOutcome FromSocketError(const boost::system::error_code& error) {
  return {error == asio::error::operation_aborted ? ReadOutcome::kAborted : ReadOutcome::kClosed,
          {}};
}

ReadOutcome FromBodyError(const boost::system::error_code& error) {
  if (!error) return {};
  if (error == beast::http::error::body_limit) return TooLarge();
  if (error == beast::http::error::partial_message || error == beast::http::error::end_of_stream) {
    return {ReadOutcome::kClosed, {}};
  }
  if (error.category() == make_error_code(beast::http::error::bad_chunk).category()) {
    return BadBody();
  }
  return FromSocketError(error);
}

size_t CountFields(const Parser& parser) {
  return std::distance(parser.get().begin(), parser.get().end());
}

// True if Beast has read the head as we did.
bool Agrees(const Parser& parser, const RequestHead& head) {
  const auto length = parser.content_length();
  const bool same_length = length.has_value() == head.content_length.has_value() &&
                           (!length.has_value() || *length == *head.content_length);
  const auto same_text = [](beast::string_view a, const std::string& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
  };
  return parser.is_header_done() && parser.chunked() == head.chunked && same_length &&
         same_text(parser.get().method_string(), head.method) &&
         same_text(parser.get().target(), head.target) &&
         CountFields(parser) == head.headers.size();
}

}  // namespace

PacedDeadline::PacedDeadline(const Pace& pace, Deadline& deadline)
    : pace_(pace), deadline_(deadline), start_(Deadline::Clock::now()) {
  Progress(0);
}

void PacedDeadline::Progress(size_t bytes) {
  bytes_ += bytes;
  const std::chrono::milliseconds earned(static_cast<int64_t>(bytes_) * 1000 /
                                         std::max<int64_t>(1, pace_.bytes_per_second));
  const auto longest = std::min<Deadline::Clock::duration>(pace_.grace + earned, pace_.most);
  deadline_.at = std::min(start_ + longest, Deadline::Clock::now() + pace_.pause);
}

struct RequestReader::Impl {
  Impl(asio::ip::tcp::socket& s, const HeadLimits& l)
      : socket(s), limits(l), buffer(l.head_bytes + kBodyBuffer) {}

  absl::string_view bytes() const {
    return {static_cast<const char*>(buffer.data().data()), buffer.size()};
  }

  asio::ip::tcp::socket& socket;
  const HeadLimits& limits;
  beast::flat_buffer buffer;
  // Created again for each request.
  std::optional<Parser> parser;
  // Number of fields in the head as received; the connection removes some of them later.
  size_t fields = 0;
  // A chunk had an extension. Such bodies are refused: no client needs extensions, and parsers
  // differ on them.
  bool chunk_extension = false;
};

RequestReader::RequestReader(asio::ip::tcp::socket& socket, const HeadLimits& limits)
    : impl_(std::make_unique<Impl>(socket, limits)) {}
RequestReader::~RequestReader() = default;

bool RequestReader::has_bytes() const { return impl_->buffer.size() > 0; }

asio::awaitable<ReadOutcome> RequestReader::ReadSome() {
  auto space = impl_->buffer.prepare(kReadBytes);
  auto [error, size] = co_await impl_->socket.async_read_some(space, kToken);
  if (error) co_return FromSocketError(error);
  impl_->buffer.commit(size);
  co_return ReadOutcome{};
}

asio::awaitable<ReadOutcome> RequestReader::ReadHead(RequestHead& head) {
  size_t scanned = 0;
  HeadScan scan;
  for (;;) {
    scan = ScanHead(impl_->bytes(), scanned, impl_->limits);
    if (scan.refusal.has_value()) {
      co_return ReadOutcome{ReadOutcome::kRefused, *std::move(scan.refusal)};
    }
    if (scan.size != 0) break;
    scanned = impl_->buffer.size();
    ReadOutcome more = co_await ReadSome();
    if (more.kind != ReadOutcome::kOk) co_return more;
  }
  if (auto refusal = CheckHead(impl_->bytes().substr(0, scan.size), impl_->limits, head)) {
    co_return ReadOutcome{ReadOutcome::kRefused, *std::move(refusal)};
  }
  Parser& parser = impl_->parser.emplace();
  parser.header_limit(static_cast<uint32_t>(impl_->limits.head_bytes));
  // ReadBody sets the limit of the body; here only the head is parsed.
  parser.body_limit(boost::none);
  boost::system::error_code error;
  parser.put(asio::const_buffer(impl_->buffer.data().data(), scan.size), error);
  if (error == beast::http::error::need_more) error = {};
  if (error || !Agrees(parser, head)) {
    co_return Refused(400, "INVALID_REQUEST", "the request is malformed");
  }
  impl_->fields = head.headers.size();
  impl_->buffer.consume(scan.size);
  co_return ReadOutcome{};
}

asio::awaitable<ReadOutcome> RequestReader::ReadBody(const RequestHead& head, size_t limit,
                                                     const PacedDeadline::Pace& pace,
                                                     Deadline& deadline, BodyMemory::Share& share,
                                                     std::string& body) {
  if (!head.has_body()) co_return ReadOutcome{};
  if (head.content_length.value_or(0) > limit) co_return TooLarge();
  Parser& parser = *impl_->parser;
  parser.body_limit(limit);
  impl_->chunk_extension = false;
  auto on_chunk = [this](uint64_t, beast::string_view extensions,
                         boost::system::error_code& error) {
    if (extensions.empty()) return;
    impl_->chunk_extension = true;
    error = beast::http::error::bad_chunk_extension;
  };
  parser.on_chunk_header(on_chunk);
  PacedDeadline paced(pace, deadline);
  while (!parser.is_done()) {
    auto [error, size] =
        co_await beast::http::async_read_some(impl_->socket, impl_->buffer, parser, kToken);
    if (error == beast::http::error::need_more) error = {};
    ReadOutcome outcome = FromBodyError(error);
    if (outcome.kind != ReadOutcome::kOk) co_return outcome;
    if (!share.Grow(size)) co_return NoMemory();
    paced.Progress(size);
  }
  // The parser adds trailers to the fields of the head; a body with trailers is refused.
  if (impl_->chunk_extension || CountFields(parser) != impl_->fields) co_return BadBody();
  body = std::move(parser.get().body());
  impl_->parser.reset();
  co_return ReadOutcome{};
}

ReadOutcome RequestReader::NoMemory() {
  return Refused(503, "OVERLOADED", "too many uploads at once, try again shortly");
}

}  // namespace rostrum::http
