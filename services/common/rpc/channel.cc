#include "services/common/rpc/channel.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/support/channel_arguments.h"
#include "nlohmann/json.hpp"
#include "services/common/base/ids.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/call_deadline.h"
#include "services/common/rpc/calls_under_way.h"
#include "services/common/rpc/client_metrics.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/request_context.h"
#include "services/common/rpc/rpc_span.h"
#include "services/common/rpc/tries.h"
#include "services/common/trace/access_log.h"

namespace rostrum {
namespace {

using nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr int kMaxReceiveBytes = 16 << 20;  // the largest picture, and some more
constexpr absl::Duration kKeptForTheWayBack = absl::Milliseconds(20);
constexpr absl::Duration kRenewTokenBefore = absl::Seconds(15);
// The message of a gRPC server that has no free thread.
constexpr absl::string_view kNoThread = "Server Threadpool Exhausted";

// Our RPCs, of all protos linked into this binary: those that may be repeated, or those that
// may not.
json MethodNames(bool repeatable) {
  json names = json::array();
  ForEachRpc([&](const google::protobuf::MethodDescriptor& method) {
    // The reader of a stream opens it again itself, with a new token.
    if (method.server_streaming()) return;
    if (RpcName::Of(method).repeatable != repeatable) return;
    names.push_back({{"service", method.service()->full_name()}, {"method", method.name()}});
  });
  return names;
}

void AddRetries(json& config, json methods, const json& codes) {
  if (methods.empty()) return;
  config["methodConfig"].push_back({{"name", std::move(methods)},
                                    {"retryPolicy",
                                     {{"maxAttempts", 4},
                                      {"initialBackoff", "0.1s"},
                                      {"maxBackoff", "1s"},
                                      {"backoffMultiplier", 2},
                                      {"retryableStatusCodes", codes}}}});
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(ServiceConfigJson());
  arguments.SetLoadBalancingPolicyName("round_robin");
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  // So that calls with a picture can be retried too: gRPC's default keeps only 256 KiB.
  arguments.SetInt(GRPC_ARG_PER_RPC_RETRY_BUFFER_SIZE, kMaxReceiveBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A replica that hangs, or whose machine is gone, gets no more calls after ten seconds.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // No limit. gRPC's default is two pings without data, and the reader of a stream sends none.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 5'000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  // A restarted replica gets calls again before a rolling update stops the next one.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  return arguments;
}

// A list of addresses ("ipv4:127.0.0.1:1,127.0.0.1:2") cannot be the name in a certificate:
// then the first address is used as the name. Empty if `target` is not a list.
std::string NameOfList(const std::string& target) {
  const size_t begin = target.find(':') + 1;
  const size_t end = target.find(',');
  const bool is_list = absl::StartsWith(target, "ipv4:") || absl::StartsWith(target, "ipv6:");
  return is_list && end != std::string::npos ? target.substr(begin, end - begin) : "";
}

// Refusals of this service itself (by the caller table or the certificate), not of the client
// for which it calls.
bool IsRefusalOfUs(const absl::Status& status) {
  if (absl::IsUnauthenticated(status)) return true;
  const std::string reason = ReasonOf(status);
  return absl::IsPermissionDenied(status) &&
         (reason == "SERVICE_ONLY" || reason == "ACCOUNT_ONLY" || reason == "NOT_CALLABLE" ||
          reason == "PEER_UNKNOWN" || reason == "PEER_MISMATCH" || reason == "GATEWAY_ONLY");
}

// Background work, which belongs to no request, gets its own trace, which is not recorded.
TraceContext TraceToHandOn(const RpcSpan& span) {
  if (span.recorded()) return span.context();
  const TraceContext& current = TraceContext::Current();
  return current.trace_id.empty() ? TraceContext::Unsampled() : current;
}

}  // namespace

std::string ServiceConfigJson() {
  // Without gRPC's throttling of retries: successful calls do not give its tokens back, so
  // after enough failures nothing would be retried until a restart.
  json config = {{"loadBalancingConfig", {{{"round_robin", json::object()}}}}};
  AddRetries(config, MethodNames(/*repeatable=*/true), {"UNAVAILABLE", "CANCELLED"});
  // A server that is shutting down answers CANCELLED to calls that it did not begin. Calls that
  // it did begin are finished, or end as UNAVAILABLE if the server dies first.
  AddRetries(config, MethodNames(/*repeatable=*/false), {"CANCELLED"});
  return config.dump();
}

std::shared_ptr<grpc::Channel> NewChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments = Arguments();
  const std::string name = NameOfList(target);
  if (!name.empty()) arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, name);
  return grpc::CreateCustomChannel(target, credentials, arguments);
}

grpc::Status NormalizeStatus(const grpc::Status& status) {
  const bool no_thread = status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
                         status.error_message() == kNoThread;
  if (status.error_code() != grpc::StatusCode::CANCELLED && !no_thread) return status;
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, status.error_message());
}

struct ServiceCaller::State {
  explicit State(Metrics& process_metrics) : metrics(process_metrics) {}
  ClientMetrics metrics;
  CallsUnderWay under_way;
  absl::Mutex mu;
  std::string token ABSL_GUARDED_BY(mu);
  absl::Time renew_at ABSL_GUARDED_BY(mu) = absl::InfinitePast();
  absl::flat_hash_map<std::string, RpcMetrics*> by_method ABSL_GUARDED_BY(mu);
};

ServiceCaller::ServiceCaller(const IdentitySigner& signer, std::string audience,
                             absl::Duration timeout, Metrics& metrics)
    : signer_(signer),
      audience_(std::move(audience)),
      timeout_(timeout),
      metrics_(metrics),
      state_(std::make_shared<State>(metrics)) {
  state_->metrics.Prepare(audience_, [&](const google::protobuf::MethodDescriptor& method) {
    return NamesCaller(method, signer.issuer());
  });
}

std::string ServiceCaller::IdentityToken() const {
  const absl::Time now = signer_.clock().Now();
  absl::MutexLock lock(&state_->mu);
  // If the clock was set back, the kept token was issued in the future.
  const bool fits = now < state_->renew_at && state_->renew_at - now <= kIdentityLifetime;
  if (!fits) {
    state_->token = signer_.SignSelf(audience_);
    state_->renew_at = now + kIdentityLifetime - kRenewTokenBefore;
  }
  return state_->token;
}

void ServiceCaller::Prepare(grpc::ClientContext* ctx, const TraceContext& trace) const {
  const RequestContext& current = RequestContext::Current();
  ctx->AddMetadata(kIdentityKey, IdentityToken());
  ctx->AddMetadata(kRequestIdKey, current.request_id.empty() ? NewUuid(signer_.clock().Now())
                                                             : current.request_id);
  // The span of this call is the parent of the one that the other service begins.
  ctx->AddMetadata(kTraceparentKey, trace.Traceparent());
  if (!trace.tracestate.empty()) ctx->AddMetadata(kTracestateKey, trace.tracestate);
}

RpcMetrics& ServiceCaller::Find(const char* method) const {
  absl::MutexLock lock(&state_->mu);
  RpcMetrics*& kept = state_->by_method[absl::string_view(method)];
  if (kept == nullptr) kept = &state_->metrics.Find(RpcPath(audience_, method));
  return *kept;
}

absl::Status ServiceCaller::Call(
    const char* method, const std::function<grpc::Status(grpc::ClientContext*)>& call) const {
  RpcMetrics& rpc = Find(method);
  const absl::Time now = absl::Now();  // gRPC deadlines are times of the real clock
  const absl::Time deadline =
      std::min(now + timeout_, RequestContext::Current().deadline - kKeptForTheWayBack);
  if (deadline <= now) {
    rpc.Started();
    rpc.Handled(grpc::StatusCode::DEADLINE_EXCEEDED, 0);
    return OutOfTime(absl::StrCat("no time was left to ask ", audience_));
  }
  const CallsUnderWay::Place place(state_->under_way, deadline);
  if (!place.taken()) {
    const grpc::Status none(grpc::StatusCode::UNAVAILABLE, "too many wait for it already");
    rpc.Started();
    rpc.Handled(none.error_code(), absl::ToDoubleSeconds(absl::Now() - now));
    return ToCallerStatus(method, none);
  }
  Tries tries(rpc.name().repeatable, absl::Now(), deadline);
  std::string peer;
  grpc::Status status = Try(rpc, tries.until(), &peer, call);
  while (tries.Again(status, peer, absl::Now())) status = Try(rpc, tries.until(), &peer, call);
  return ToCallerStatus(method, status);
}

grpc::Status ServiceCaller::Try(
    RpcMetrics& rpc, absl::Time until, std::string* peer,
    const std::function<grpc::Status(grpc::ClientContext*)>& call) const {
  rpc.Started();
  RpcSpan span(TraceContext::Current(), SpanKind::kClient, rpc.name());
  grpc::ClientContext ctx;
  SetDeadline(ctx, until);
  Prepare(&ctx, TraceToHandOn(span));
  const SteadyClock::time_point start = SteadyClock::now();
  const grpc::Status status = NormalizeStatus(call(&ctx));
  if (IsLate(status)) *peer = ctx.peer();
  rpc.Handled(status.error_code(),
              std::chrono::duration<double>(SteadyClock::now() - start).count());
  span.Ended(status.error_code());
  return status;
}

// Streams last long and belong to no request, so they are not part of a trace.
ServiceCaller::Stream ServiceCaller::Open(const std::string& path, grpc::ClientContext* ctx) const {
  Prepare(ctx, TraceContext::Unsampled());
  return Stream(state_->metrics.Find(path));
}

ServiceCaller::Stream::Stream(RpcMetrics& metrics) : metrics_(metrics), started_(absl::Now()) {
  metrics_.Started();
}

ServiceCaller::Stream::~Stream() {
  metrics_.Handled(code_, absl::ToDoubleSeconds(absl::Now() - started_));
}

absl::Status ServiceCaller::ToCallerStatus(const char* method, const grpc::Status& status) const {
  absl::Status answer = FromGrpcStatus(status);
  if (answer.ok()) return answer;
  const bool said_by_service = !ReasonOf(answer).empty();
  const bool is_late = absl::IsDeadlineExceeded(answer);
  if (said_by_service && !is_late && !IsRefusalOfUs(answer)) return answer;
  static LogBudget* const lines = new LogBudget(kAccessLinesPerSecond);
  lines->Log(LogLevel::kWarning, "call failed",
             {{"to", audience_},
              {"grpc.method", method},
              {"grpc.code", absl::StatusCodeToString(answer.code())},
              {"reason", ReasonOf(answer)},
              // gRPC's own messages contain addresses.
              {"error", said_by_service ? std::string(answer.message()) : ""}});
  if (is_late && RequestContext::Current().TimeLeft() <= kKeptForTheWayBack) {
    return OutOfTime(absl::StrCat(audience_, " did not answer in time"));
  }
  if (is_late || absl::IsUnavailable(answer) || absl::IsResourceExhausted(answer)) {
    return ServiceUnavailable(audience_);
  }
  return absl::InternalError(absl::StrCat(audience_, ": ", answer.ToString()));
}

}  // namespace rostrum
