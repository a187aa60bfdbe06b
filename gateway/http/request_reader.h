#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "boost/asio/awaitable.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "gateway/http/body_memory.h"
#include "gateway/http/head_policy.h"
#include "gateway/http/request_head.h"

namespace rostrum::http {

// By when a connection must have got on; whoever watches it (Connection::Tick)
// cancels the socket's operations afterwards.
struct Deadline {
  using Clock = std::chrono::steady_clock;
  Clock::time_point at = Clock::time_point::max();
  void In(Clock::duration duration) { at = Clock::now() + duration; }
  void Never() { at = Clock::time_point::max(); }
};

// Grants `grace`, and more as bytes get through at a least rate, up to `most`.
class PacedDeadline {
 public:
  struct Pace {
    Deadline::Clock::duration grace;
    int64_t bytes_per_second;
    Deadline::Clock::duration most;
  };
  PacedDeadline(const Pace& pace, Deadline& deadline);
  void Progress(size_t bytes);

 private:
  const Pace pace_;
  Deadline& deadline_;
  const Deadline::Clock::time_point start_;
  size_t bytes_ = 0;
};

struct ReadOutcome {
  enum Kind { kOk, kClosed, kAborted, kRefused } kind = kOk;
  Refusal refusal;  // for kRefused
};

// Reads requests off one connection, one after the other: the head under the
// strict policy, then through Beast's parser as a second opinion, which also
// undoes the chunked coding of the body. Used by one coroutine at a time.
class RequestReader {
 public:
  RequestReader(boost::asio::ip::tcp::socket& socket, const HeadLimits& limits);
  ~RequestReader();

  // True if bytes of a next request have been read already.
  bool has_bytes() const;
  // Reads what there is; kOk after at least one byte.
  boost::asio::awaitable<ReadOutcome> ReadSome();
  // kClosed if the client closed, even within the head.
  boost::asio::awaitable<ReadOutcome> ReadHead(RequestHead& head);
  // Reads the body of the head just read; 413 if it has more than `limit` bytes, 503 if
  // there is no memory for it at this moment.
  boost::asio::awaitable<ReadOutcome> ReadBody(const RequestHead& head, size_t limit,
                                               const PacedDeadline::Pace& pace, Deadline& deadline,
                                               BodyMemory::Share& share, std::string& body);
  static ReadOutcome NoMemory();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rostrum::http
