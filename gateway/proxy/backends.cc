#include "gateway/proxy/backends.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "boost/asio/async_result.hpp"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "gateway/proxy/byte_buffer.h"
#include "gateway/proxy/call_queue.h"
#include "gateway/proxy/grpc_stream.h"
#include "grpcpp/generic/generic_stub.h"
#include "services/common/rpc/call_deadline.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/request_context.h"
#include "services/common/rpc/rpc_span.h"
#include "services/common/rpc/tries.h"

namespace rostrum::gateway {
namespace {

// Most calls to one service at the same time. More would not be answered sooner.
constexpr int kMostCalls = 256;

const GaugeFamily kWaiting{"gateway_calls_waiting",
                           "Calls that wait in the gateway, because it has as many under way to "
                           "the service as it may have.",
                           {"called"}};
const GaugeFamily kSharers{"gateway_requests_waiting",
                           "Requests that wait in the gateway for a call to the service that they "
                           "will share with others like them.",
                           {"called"}};

// Counts a call as waiting for as long as this object lives.
class Waits {
 public:
  explicit Waits(prometheus::Gauge& gauge) : gauge_(gauge) { gauge_.Increment(); }
  ~Waits() { gauge_.Decrement(); }
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

 private:
  prometheus::Gauge& gauge_;
};

// Everything that must live as long as a unary call does.
struct UnaryCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

RpcSpan StartSpan(const RpcName& rpc, const CallMetadata& metadata) {
  if (!TracingIsOn()) return {};
  absl::string_view traceparent;
  absl::string_view tracestate;
  for (const auto& [key, value] : metadata) {
    if (key == kTraceparentKey) traceparent = value;
    if (key == kTracestateKey) tracestate = value;
  }
  if (traceparent.empty()) return {};
  return RpcSpan(TraceContext::Parse(traceparent, tracestate), SpanKind::kClient, rpc);
}

// Whether the service itself answered: our own channel may have set the codes left out here.
bool IsAnswer(const grpc::Status& status) {
  return status.error_code() != grpc::StatusCode::UNAVAILABLE &&
         status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED &&
         status.error_code() != grpc::StatusCode::CANCELLED;
}

}  // namespace

void PrepareContext(const CallMetadata& metadata, const RpcSpan& span, absl::Time deadline,
                    grpc::ClientContext& context) {
  for (const auto& [key, value] : metadata) {
    // The call's span takes the place of the request's.
    const bool by_span = span.recorded() && key == kTraceparentKey;
    context.AddMetadata(key, by_span ? span.context().Traceparent() : value);
  }
  if (deadline != absl::InfiniteFuture()) SetDeadline(context, deadline);
}

struct Backends::Backend {
  Backend(std::shared_ptr<grpc::Channel> to, prometheus::Gauge& waits, prometheus::Gauge& sharers)
      : channel(std::move(to)), stub(channel), waiting(waits), sharers(sharers) {}
  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
  CallQueue queue{kMostCalls};
  prometheus::Gauge& waiting;
  prometheus::Gauge& sharers;
  std::atomic<int64_t> last_answer = 0;  // in nanoseconds since 1970
};

Backends::Backends(const std::map<std::string, std::string>& targets,
                   const std::shared_ptr<grpc::ChannelCredentials>& credentials, Metrics& metrics)
    : metrics_(metrics) {
  for (const auto& [service, target] : targets) {
    backends_[service] = std::make_unique<Backend>(NewChannel(target, credentials),
                                                   metrics.Gauge(kWaiting, {service}),
                                                   metrics.Gauge(kSharers, {service}));
    metrics_.Prepare(service, IsForPeople);
  }
}

Backends::~Backends() = default;

absl::Time Backends::LastAnswer(const std::string& service) const {
  return absl::FromUnixNanos(Find(service).last_answer.load(std::memory_order_relaxed));
}

prometheus::Gauge& Backends::sharers(const std::string& service) const {
  return Find(service).sharers;
}

Backends::Backend& Backends::Find(const std::string& service) const {
  return *backends_.at(service);
}

std::shared_ptr<grpc::Channel> Backends::channel(const std::string& service) const {
  return Find(service).channel;
}

asio::awaitable<UnaryResult> Backends::Call(BackendCall call) {
  RpcMetrics& metrics = metrics_.Find(call.method);
  const absl::Time begun = absl::Now();  // real time, like gRPC's deadlines
  const absl::Time deadline = begun + call.timeout;
  Backend& backend = Find(call.service);
  std::optional<CallQueue::Turn> turn = backend.queue.Try();
  if (!turn.has_value()) {
    const Waits waits(backend.waiting);
    turn = co_await backend.queue.Wait(deadline);
  }
  if (!turn.has_value()) {
    const absl::Time now = absl::Now();
    const grpc::StatusCode code =
        now < deadline ? grpc::StatusCode::UNAVAILABLE : grpc::StatusCode::DEADLINE_EXCEEDED;
    metrics.Started();
    metrics.Handled(code, absl::ToDoubleSeconds(now - begun));
    co_return UnaryResult{.status = grpc::Status(code, "its turn did not come"),
                          .message = {},
                          .metadata = {},
                          .peer = {}};
  }
  const grpc::ByteBuffer request = ToByteBuffer(std::move(call.request));
  Tries tries(metrics.name().repeatable, absl::Now(), deadline);
  UnaryResult result = co_await Try(call, request, metrics, tries.until());
  while (tries.Again(result.status, result.peer, absl::Now())) {
    result = co_await Try(call, request, metrics, tries.until());
  }
  co_return result;
}

asio::awaitable<UnaryResult> Backends::Try(const BackendCall& call, const grpc::ByteBuffer& request,
                                           RpcMetrics& metrics, absl::Time until) {
  metrics.Started();
  RpcSpan span = StartSpan(metrics.name(), call.metadata);
  const absl::Time started = absl::Now();
  auto state = std::make_shared<UnaryCall>();
  PrepareContext(call.metadata, span, until, state->context);
  state->request = request;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Backend& backend = Find(call.service);
  grpc::GenericStub& stub = backend.stub;

  // Named: g++ 12 miscompiles a lambda with captures inside co_await.
  auto initiate = [state, executor, &stub, pending = pending_, method = call.method](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto work = asio::make_work_guard(executor);
    pending->Add({state, &state->context});
    stub.UnaryCall(&state->context, method, grpc::StubOptions(), &state->request, &state->response,
                   [state, shared, executor, work, pending](grpc::Status status) mutable {
                     asio::post(executor,
                                [done = std::move(shared), status = std::move(status)]() mutable {
                                  (*done)(std::move(status));
                                });
                     // Before Remove: once no call is pending, the event loop may be destroyed.
                     work.reset();
                     const grpc::ClientContext* context = &state->context;
                     state.reset();
                     pending->Remove(context);
                   });
  };
  grpc::Status status =
      co_await asio::async_initiate<decltype(asio::use_awaitable), void(grpc::Status)>(
          std::move(initiate), asio::use_awaitable);

  UnaryResult result{.status = NormalizeStatus(status), .message = {}, .metadata = {}, .peer = {}};
  if (IsLate(result.status)) result.peer = state->context.peer();
  if (result.status.ok()) result.message = FromByteBuffer(state->response);
  for (const auto& [key, value] : state->context.GetServerInitialMetadata()) {
    result.metadata.emplace(std::string(key.data(), key.size()),
                            std::string(value.data(), value.size()));
  }
  if (IsAnswer(result.status)) {
    backend.last_answer.store(absl::GetCurrentTimeNanos(), std::memory_order_relaxed);
  }
  metrics.Handled(result.status.error_code(), absl::ToDoubleSeconds(absl::Now() - started));
  span.Ended(result.status.error_code());
  co_return result;
}

asio::awaitable<std::shared_ptr<BackendStream>> Backends::Open(BackendCall call) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  co_return OpenGrpcStream(Find(call.service).stub, call, executor, pending_,
                           metrics_.Find(call.method));
}

std::vector<std::string> Backends::Unconnected() const {
  std::vector<std::string> names;
  for (const auto& [service, backend] : backends_) {
    if (backend->channel->GetState(/*try_to_connect=*/true) != GRPC_CHANNEL_READY) {
      names.push_back(service);
    }
  }
  return names;
}

}  // namespace rostrum::gateway
