#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/made_responses.h"
#include "gateway/proxy/turns.h"
#include "google/protobuf/message.h"
#include "services/common/base/lru_cache.h"

namespace rostrum::gateway {

// An answer that many may share. Answers to one question have the same number only if they
// are equal.
struct SharedAnswer {
  std::string bytes;                                         // serialised
  std::unique_ptr<const google::protobuf::Message> message;  // of the RPC's type
  uint64_t number = 0;
};
using SharedAnswerPtr = std::shared_ptr<const SharedAnswer>;

// A call that has no caller: it gets the answer for people without an account. The RPC has
// the option same_for_visitors.
struct SharedCall {
  std::string service;
  std::string method;   // full path
  std::string request;  // serialised

  // The same for equal calls only.
  std::string Key() const;
};

struct SharedCallsSettings {
  // Memory for the last answers, and for what is made of them.
  size_t answer_bytes = 1 << 20;
  size_t made_bytes = 1 << 20;
  TurnLimits limits = {};
};

// Makes calls together for all who ask the same at the same time. They take Turns, so an
// answer is never older than the question. The last answers are kept only to tell whether
// the next is equal. Thread-safe.
class SharedCalls {
 public:
  explicit SharedCalls(Backends& backends, const SharedCallsSettings& settings = {});

  // Errors are those of the call; INTERNAL for an RPC without the option. Resumes on the
  // executor of the awaiting coroutine.
  asio::awaitable<absl::StatusOr<SharedAnswerPtr>> Call(SharedCall call,
                                                        const CallerContext& caller);
  // For what is made of the answers.
  MadeResponses& made() { return made_; }

 private:
  using CallTurns = Turns<std::monostate, SharedAnswerPtr>;

  absl::StatusOr<std::shared_ptr<CallTurns>> TurnsOf(const SharedCall& call);
  asio::awaitable<absl::StatusOr<std::vector<SharedAnswerPtr>>> Send(
      SharedCall call, const google::protobuf::Message* type, size_t count,
      const CallerContext& cause);
  // With the number of the answer before it if they are equal.
  absl::StatusOr<SharedAnswerPtr> Number(const SharedCall& call,
                                         const google::protobuf::Message& type, std::string bytes);

  Backends& backends_;
  const TurnLimits limits_;
  // By what is asked. One that is dropped while it is in use costs another call, no more.
  LruCache<std::shared_ptr<CallTurns>> turns_;
  LruCache<SharedAnswerPtr> last_answers_;
  MadeResponses made_;
  std::atomic<uint64_t> last_number_ = 0;
};

}  // namespace rostrum::gateway
