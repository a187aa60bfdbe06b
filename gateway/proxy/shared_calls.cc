#include "gateway/proxy/shared_calls.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "rostrum/http/v1/http.pb.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/rpc_metrics.h"

namespace rostrum::gateway {
namespace {

// Some thousand different questions.
constexpr size_t kTurnsBytes = 4 << 20;

// A default instance of the answer of an RPC that may be shared.
absl::StatusOr<const google::protobuf::Message*> AnswerType(absl::string_view path) {
  const google::protobuf::MethodDescriptor* method = MethodOfPath(path);
  if (method == nullptr || !method->options().GetExtension(http::v1::same_for_visitors)) {
    return absl::InternalError(absl::StrCat(path, " has no answer that many may share"));
  }
  return google::protobuf::MessageFactory::generated_factory()->GetPrototype(method->output_type());
}

}  // namespace

std::string SharedCall::Key() const { return absl::StrCat(method, "\n", request); }

SharedCalls::SharedCalls(Backends& backends, const SharedCallsSettings& settings)
    : backends_(backends),
      limits_(settings.limits),
      turns_(kTurnsBytes),
      last_answers_(settings.answer_bytes),
      made_(settings.made_bytes) {}

asio::awaitable<absl::StatusOr<SharedAnswerPtr>> SharedCalls::Call(SharedCall call,
                                                                   const CallerContext& caller) {
  const absl::StatusOr<std::shared_ptr<CallTurns>> turns = TurnsOf(call);
  if (!turns.ok()) co_return turns.status();
  co_return co_await (*turns)->Join(std::monostate(), caller, "shared_calls.Call");
}

absl::StatusOr<std::shared_ptr<SharedCalls::CallTurns>> SharedCalls::TurnsOf(
    const SharedCall& call) {
  const std::string key = call.Key();
  if (auto turns = turns_.Find(key)) return turns;
  ASSIGN_OR_RETURN(const google::protobuf::Message* type, AnswerType(call.method));
  auto turns = std::make_shared<CallTurns>(
      limits_, backends_.sharers(call.service),
      [this, call, type](std::vector<std::monostate> askers, const CallerContext& cause) {
        return Send(call, type, askers.size(), cause);
      },
      [](const auto& queue) { return queue.size(); });
  turns_.Put(key, turns, sizeof(CallTurns) + 2 * key.size());
  return turns;
}

asio::awaitable<absl::StatusOr<std::vector<SharedAnswerPtr>>> SharedCalls::Send(
    SharedCall call, const google::protobuf::Message* type, size_t count,
    const CallerContext& cause) {
  BackendCall backend_call{.service = call.service,
                           .method = call.method,
                           .request = call.request,
                           .metadata = cause.MetadataFor(call.service),
                           .timeout = limits_.call_time};
  UnaryResult result = co_await backends_.Call(std::move(backend_call));
  if (!result.status.ok()) co_return FromGrpcStatus(result.status);
  const absl::StatusOr<SharedAnswerPtr> answer = Number(call, *type, std::move(result.message));
  if (!answer.ok()) co_return answer.status();
  co_return std::vector<SharedAnswerPtr>(count, *answer);
}

absl::StatusOr<SharedAnswerPtr> SharedCalls::Number(const SharedCall& call,
                                                    const google::protobuf::Message& type,
                                                    std::string bytes) {
  const std::string key = call.Key();
  if (auto before = last_answers_.Find(key); before != nullptr && before->bytes == bytes) {
    return before;
  }
  std::unique_ptr<google::protobuf::Message> message(type.New());
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
