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
#include "google/protobuf/descriptor_database.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "nlohmann/json.hpp"
#include "services/common/base/ids.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/request_context.h"

namespace rostrum {
namespace {

using google::protobuf::MethodOptions;
using nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr int kMaxReceiveBytes = 16 << 20;  // the largest picture, and room
constexpr absl::Duration kKeptForTheWayBack = absl::Milliseconds(20);
constexpr absl::Duration kRenewTokenBefore = absl::Seconds(15);

// The RPCs of ours, of all protos linked into this binary, that may be repeated.
json RetriedMethods() {
  json names = json::array();
  std::vector<std::string> files;
  google::protobuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::sort(files.begin(), files.end());
  for (const std::string& name : files) {
    if (!absl::StartsWith(name, "rostrum/")) continue;
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    for (int s = 0; file != nullptr && s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto* method = file->service(s)->method(m);
        if (method->options().idempotency_level() == MethodOptions::IDEMPOTENCY_UNKNOWN) continue;
        names.push_back({{"service", file->service(s)->full_name()}, {"method", method->name()}});
      }
    }
  }
  return names;
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(ServiceConfigJson());
  arguments.SetLoadBalancingPolicyName("round_robin");
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 5'000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  // A replica that was restarted takes part again before the next one goes.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  return arguments;
}

// Refusals by the caller table: of this service, not of whom it works for.
bool IsRefusalOfUs(const absl::Status& status) {
  if (absl::IsUnauthenticated(status)) return true;
  const std::string reason = ReasonOf(status);
  return absl::IsPermissionDenied(status) &&
         (reason == "SERVICE_ONLY" || reason == "ACCOUNT_ONLY" || reason == "NOT_CALLABLE");
}

}  // namespace

std::string ServiceConfigJson() {
  json config = {{"loadBalancingConfig", {{{"round_robin", json::object()}}}},
                 {"retryThrottling", {{"maxTokens", 100}, {"tokenRatio", 0.1}}}};
  json names = RetriedMethods();
  if (!names.empty()) {
    config["methodConfig"] = {{{"name", std::move(names)},
                               {"retryPolicy",
                                {{"maxAttempts", 4},
                                 {"initialBackoff", "0.05s"},
                                 {"maxBackoff", "1s"},
                                 {"backoffMultiplier", 2},
                                 {"retryableStatusCodes", {"UNAVAILABLE"}}}}}};
  }
  return config.dump();
}

std::shared_ptr<grpc::Channel> NewChannel(const std::string& target) {
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), Arguments());
}

struct ServiceCaller::State {
  absl::Mutex mu;
  std::string token ABSL_GUARDED_BY(mu);
  absl::Time renew_at ABSL_GUARDED_BY(mu) = absl::InfinitePast();
  absl::flat_hash_map<std::pair<std::string, int>, prometheus::Counter*> handled
      ABSL_GUARDED_BY(mu);
  absl::flat_hash_map<std::string, prometheus::Histogram*> seconds ABSL_GUARDED_BY(mu);
};

ServiceCaller::ServiceCaller(const IdentitySigner& signer, std::string audience,
                             absl::Duration timeout, Metrics& metrics)
    : signer_(signer),
      audience_(std::move(audience)),
      timeout_(timeout),
      metrics_(metrics),
      state_(std::make_shared<State>()) {}

std::string ServiceCaller::IdentityToken() const {
  const absl::Time now = signer_.clock().Now();
  absl::MutexLock lock(&state_->mu);
  // A clock that was set back makes the kept token one of the future.
  const bool fits = now < state_->renew_at && state_->renew_at - now <= kIdentityLifetime;
  if (!fits) {
    state_->token = signer_.SignSelf(audience_);
    state_->renew_at = now + kIdentityLifetime - kRenewTokenBefore;
  }
  return state_->token;
}

void ServiceCaller::Prepare(grpc::ClientContext* ctx) const {
  const RequestContext& current = RequestContext::Current();
  ctx->AddMetadata(kIdentityKey, IdentityToken());
  ctx->AddMetadata(kRequestIdKey, current.request_id.empty() ? NewUuid(signer_.clock().Now())
                                                             : current.request_id);
  const TraceContext trace =
      current.trace.trace_id.empty() ? TraceContext::Continue("", "") : current.trace;
  // The span of this hop is the parent of the one that the other side begins.
  ctx->AddMetadata(kTraceparentKey, trace.Traceparent());
  if (!trace.tracestate.empty()) ctx->AddMetadata(kTracestateKey, trace.tracestate);
}

absl::Status ServiceCaller::Call(
    const char* method, const std::function<grpc::Status(grpc::ClientContext*)>& call) const {
  const absl::Time now = absl::Now();  // gRPC deadlines are times of the real clock
  const absl::Time deadline =
      std::min(now + timeout_, RequestContext::Current().deadline - kKeptForTheWayBack);
  if (deadline <= now) {
    Count(method, grpc::StatusCode::DEADLINE_EXCEEDED, 0);
    return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                 absl::StrCat("no time was left to ask ", audience_));
  }
  grpc::ClientContext ctx;
  ctx.set_deadline(absl::ToChronoTime(deadline));
  Prepare(&ctx);
  const SteadyClock::time_point start = SteadyClock::now();
  const grpc::Status status = call(&ctx);
  Count(method, status.error_code(),
        std::chrono::duration<double>(SteadyClock::now() - start).count());
  return Judge(method, status);
}

absl::Status ServiceCaller::Judge(const char* method, const grpc::Status& status) const {
  absl::Status answer = FromGrpcStatus(status);
  if (answer.ok()) return answer;
  const bool said_by_service = !ReasonOf(answer).empty();
  if (said_by_service && !IsRefusalOfUs(answer)) return answer;
  LogWarning("call failed", {{"to", audience_},
                             {"grpc.method", method},
                             {"grpc.code", absl::StatusCodeToString(answer.code())},
                             {"reason", ReasonOf(answer)},
                             {"error", std::string(answer.message())}});
  if (absl::IsDeadlineExceeded(answer)) {
    return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                 absl::StrCat(audience_, " did not answer in time"));
  }
  if (absl::IsCancelled(answer)) return absl::CancelledError("cancelled");
  if (absl::IsUnavailable(answer) || absl::IsResourceExhausted(answer)) {
    return RetryLater(absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE",
                      absl::StrCat(audience_, " is not available"), absl::Seconds(1));
  }
  return absl::InternalError(absl::StrCat(audience_, ": ", answer.ToString()));
}

void ServiceCaller::Count(const char* method, grpc::StatusCode code, double seconds) const {
  const std::string name = method;
  prometheus::Counter* handled = nullptr;
  prometheus::Histogram* histogram = nullptr;
  {
    absl::MutexLock lock(&state_->mu);
    Metrics::Labels labels = {
        {"grpc_service", audience_}, {"grpc_method", name}, {"grpc_type", "unary"}};
    prometheus::Histogram*& kept_seconds = state_->seconds[name];
    if (kept_seconds == nullptr) {
      kept_seconds = &metrics_.Seconds("grpc_client_handling_seconds",
                                       "Time until another service answered.", labels);
    }
    prometheus::Counter*& kept_handled = state_->handled[{name, code}];
    if (kept_handled == nullptr) {
      labels["grpc_code"] = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
      kept_handled = &metrics_.Counter("grpc_client_handled_total",
                                       "RPCs made to other services, by outcome.", labels);
    }
    handled = kept_handled;
    histogram = kept_seconds;
  }
  handled->Increment();
  histogram->Observe(seconds);
}

}  // namespace rostrum
