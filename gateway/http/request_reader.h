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

// The time by which a connection must have made progress. Connection::Tick cancels its
// socket operations after that.
struct Deadline {
  using Clock = std::chrono::steady_clock;
  Clock::time_point at = Clock::time_point::max();
  void In(Clock::duration duration) { at = Clock::now() + duration; }
  void Never() { at = Clock::time_point::max(); }
};

// A deadline of `grace`, extended while bytes are transferred at the minimum rate and without
// a pause, up to `most`. What was fast at first may not rest on it: it holds memory.
class PacedDeadline {
 public:
  struct Pace {
    Deadline::Clock::duration grace;
    int64_t bytes_per_second;
    Deadline::Clock::duration most;
    // How long nothing may be transferred. Of what is written only the kernel knows: it takes
    // more when a third of its buffer is free.
    Deadline::Clock::duration pause;
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

// Reads the requests of one connection one after the other. The head is checked by the
// strict policy first and then by Beast's parser as a second opinion, which also decodes
// chunked bodies. Used by one coroutine at a time.
class RequestReader {
 public:
  RequestReader(boost::asio::ip::tcp::socket& socket, const HeadLimits& limits);
  ~RequestReader();

  // True if bytes of a next request have been read already.
  bool has_bytes() const;
  // Reads the bytes that are available; kOk after at least one.
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
