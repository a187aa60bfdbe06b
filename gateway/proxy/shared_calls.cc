#include "gateway/proxy/shared_calls.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum::gateway {
namespace {

// Some thousand different questions.
constexpr size_t kTurnsBytes = 4 << 20;

}  // namespace

SharedCalls::SharedCalls(Backends& backends, size_t max_bytes, TurnLimits limits)
    : backends_(backends), limits_(limits), turns_(kTurnsBytes), last_answers_(max_bytes) {}

asio::awaitable<absl::StatusOr<SharedAnswerPtr>> SharedCalls::Call(SharedCall call,
                                                                   const CallerContext& caller) {
  const std::string key = absl::StrCat(call.method, "\n", call.request);
  const std::shared_ptr<CallTurns> turns = TurnsOf(call, key);
  co_return co_await turns->Join(std::monostate(), caller, "shared_calls.Call");
}

std::shared_ptr<SharedCalls::CallTurns> SharedCalls::TurnsOf(const SharedCall& call,
                                                             const std::string& key) {
  if (auto turns = turns_.Find(key)) return turns;
  auto turns = std::make_shared<CallTurns>(
      limits_, backends_.waiting(call.service),
      [this, call, key](std::vector<std::monostate> askers, const CallerContext& cause) {
        return Send(call, key, askers.size(), cause);
      },
      [](const auto& queue) { return queue.size(); });
  turns_.Put(key, turns, sizeof(CallTurns) + 2 * key.size());
  return turns;
}

asio::awaitable<absl::StatusOr<std::vector<SharedAnswerPtr>>> SharedCalls::Send(
    SharedCall call, std::string key, size_t count, const CallerContext& cause) {
  BackendCall backend_call{.service = call.service,
                           .method = call.method,
                           .request = call.request,
                           .metadata = cause.MetadataFor(call.service),
                           .timeout = limits_.call_time};
  UnaryResult result = co_await backends_.Call(std::move(backend_call));
  if (!result.status.ok()) co_return FromGrpcStatus(result.status);
  const absl::StatusOr<SharedAnswerPtr> answer = Number(call, key, std::move(result.message));
  if (!answer.ok()) co_return answer.status();
  co_return std::vector<SharedAnswerPtr>(count, *answer);
}

absl::StatusOr<SharedAnswerPtr> SharedCalls::Number(const SharedCall& call, const std::string& key,
                                                    std::string bytes) {
  if (auto before = last_answers_.Find(key); before != nullptr && before->bytes == bytes) {
    return before;
  }
  std::unique_ptr<google::protobuf::Message> message(call.answer_type->New());
  if (!message->ParseFromString(bytes)) {
    return absl::InternalError("a service answered something else");
  }
  auto answer = std::make_shared<SharedAnswer>();
  const size_t size = bytes.size() + message->SpaceUsedLong();
  answer->bytes = std::move(bytes);
  answer->message = std::move(message);
  answer->number = ++last_number_;
  last_answers_.Put(key, answer, size);
  return SharedAnswerPtr(std::move(answer));
}

}  // namespace rostrum::gateway
