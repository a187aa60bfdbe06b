#include "services/common/rpc/handle_rpc.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rostrum/access/v1/access.pb.h"
#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/access.h"
#include "services/common/rpc/call_deadline.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/peer.h"
#include "services/common/rpc/rpc_span.h"
#include "services/common/trace/access_log.h"

namespace rostrum {
namespace {

using google::protobuf::MethodDescriptor;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMaxMetadataBytes = 4 << 10;
constexpr size_t kMaxNetworkBytes = 64;
constexpr absl::Duration kLeastTimeLeft = absl::Milliseconds(20);
// gRFC A6: a channel does not retry a call that was answered with a negative number here.
constexpr char kRetryPushbackKey[] = "grpc-retry-pushback-ms";

[[noreturn]] void Die(const std::string& why) {
  LogError(why);
  std::abort();
}

const CounterFamily kStarted{"grpc_server_started_total",
                             "RPCs that began to be served.",
                             {"grpc_service", "grpc_method", "grpc_type"}};
const CounterFamily kHandled{"grpc_server_handled_total",
                             "RPCs served, by outcome.",
                             {"grpc_service", "grpc_method", "grpc_type", "grpc_code"}};
const HistogramFamily kSeconds{"grpc_server_handling_seconds",
                               "Time to serve an RPC.",
                               {"grpc_service", "grpc_method", "grpc_type"}};

// A metadata value; `usable` if it is given once and not too long.
struct MetadataValue {
  bool present = false;
  bool usable = false;
  std::string value;
};

MetadataValue Read(const grpc::ServerContextBase& ctx, const char* key) {
  MetadataValue out;
  const auto [first, last] = ctx.client_metadata().equal_range(key);
  if (first == last) return out;
  out.present = true;
  out.usable = std::next(first) == last && first->second.size() <= kMaxMetadataBytes;
  if (out.usable) out.value.assign(first->second.data(), first->second.size());
  return out;
}

bool IsNetwork(const std::string& text) {
  return text.size() <= kMaxNetworkBytes && IsRequestId(text);
}

// All of the context but the caller, who has to be verified.
RequestContext ReadContext(const grpc::ServerContextBase& ctx, Clock& clock) {
  RequestContext out;
  out.request_id = Read(ctx, kRequestIdKey).value;
  if (!IsRequestId(out.request_id)) out.request_id = NewUuid(clock.Now());
  out.visitor = VisitorPass::Parse(Read(ctx, kVisitorKey).value).value_or(VisitorPass{});
  out.network = Read(ctx, kNetworkKey).value;
  if (!IsNetwork(out.network)) out.network.clear();
  out.trace =
      TraceContext::Continue(Read(ctx, kTraceparentKey).value, Read(ctx, kTracestateKey).value);
  out.deadline = DeadlineOf(ctx, Read(ctx, kDeadlineKey).value);
  return out;
}

// A token that cannot be verified is an error, never treated as no token.
absl::StatusOr<Caller> ReadCaller(const grpc::ServerContextBase& ctx, IdentityVerifier& identity) {
  const MetadataValue token = Read(ctx, kIdentityKey);
  if (!token.present) return Caller{};
  if (!token.usable) {
    return Error(absl::StatusCode::kUnauthenticated, "IDENTITY_INVALID",
                 "the identity token is not valid");
  }
  return identity.Verify(token.value);
}

absl::Status RunHandler(const std::function<absl::Status(const RequestContext&)>& handler,
                        const RequestContext& context) {
  try {
    return handler(context);
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("exception: ", e.what()));
  } catch (...) {
    return absl::InternalError("exception of an unknown type");
  }
}

absl::Status Serve(const RpcMethods& rpc, const RpcMethods::Method& method,
                   const grpc::ServerContextBase& ctx, RequestContext& context,
                   const std::function<absl::Status(const RequestContext&)>& handler) {
  ASSIGN_OR_RETURN(context.caller, ReadCaller(ctx, rpc.runtime().identity));
  if (rpc.runtime().mutual_tls) RETURN_IF_ERROR(CheckPeer(PeerOf(ctx), context));
  RETURN_IF_ERROR(CheckCaller(*method.descriptor, context.caller));
  RETURN_IF_ERROR(CheckAwaited(ctx, context));
  return RunHandler(handler, context);
}

bool IsOurFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

Ending EndingOf(const absl::Status& status) {
  if (IsOurFault(status.code())) return Ending::kOurFault;
  const bool away = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
                    ReasonOf(status) == kDatabaseBusy;
  return away ? Ending::kAway : Ending::kFine;
}

const char* KindOf(const Caller& caller) {
  if (caller.IsAccount()) return "account";
  return caller.IsService() ? "service" : "anonymous";
}

LogBudget& AccessLines() {
  static LogBudget* const budget = new LogBudget(kAccessLinesPerSecond);
  return *budget;
}

void LogRpc(const RpcName& rpc, const RequestContext& context, const absl::Status& status,
            absl::Duration took) {
  const Ending ending = EndingOf(status);
  const LogLevel level =
      AccessLevel(ending, rpc.server_streaming ? absl::ZeroDuration() : took, context.trace);
  if (!LogEnabled(level)) return;
  LogFields fields = {{"grpc.method", rpc.Full()},
                      {"grpc.code", absl::StatusCodeToString(status.code())},
                      {"duration_ms", absl::ToDoubleMilliseconds(took)},
                      {"span_id", context.trace.span_id},
                      {"caller", KindOf(context.caller)}};
  if (context.caller.IsService()) fields.emplace_back("caller_service", context.caller.service);
  if (context.caller.IsAccount()) {
    fields.emplace_back("subject", LoggedSubject(context.caller.account_id.value()));
  }
  if (!context.trace.parent_id.empty()) {
    fields.emplace_back("parent_span_id", context.trace.parent_id);
  }
  if (!status.ok()) {
    fields.emplace_back("reason", ReasonOf(status));
    // Messages about clients' mistakes may quote what they sent; the others do not.
    if (ending != Ending::kFine) fields.emplace_back("error", std::string(status.message()));
  }
  AccessLines().Log(level, "rpc", std::move(fields));
}

// The part of the error that the client may see.
absl::Status Publish(const absl::Status& status, const std::string& request_id) {
  if (!IsOurFault(status.code())) return status;
  return Error(status.code(), "INTERNAL", "internal error", {{"request_id", request_id}});
}

}  // namespace

RpcMethods::RpcMethods(RpcRuntime& runtime, const std::string& service_full_name)
    : runtime_(runtime), service_full_name_(service_full_name) {
  const google::protobuf::ServiceDescriptor* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service_full_name);
  if (service == nullptr) Die("unknown gRPC service " + service_full_name);
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor& descriptor = *service->method(i);
    const auto& callers = descriptor.options().GetExtension(access::v1::access).callers();
    if (callers.empty() || std::find(callers.begin(), callers.end(),
                                     access::v1::CALLER_UNSPECIFIED) != callers.end()) {
      Die(absl::StrCat(descriptor.full_name(), " does not state who may call it"));
    }
    Method method{&descriptor, std::make_unique<RpcMetrics>(
                                   runtime.metrics, RpcFamilies{kStarted, kHandled, kSeconds},
                                   RpcName::Of(descriptor))};
    methods_.emplace(descriptor.name(), std::move(method));
  }
}

const RpcMethods::Method& RpcMethods::Find(const char* name) const {
  const auto it = methods_.find(absl::string_view(name));
  if (it == methods_.end()) Die(absl::StrCat(service_full_name_, " has no RPC ", name));
  return it->second;
}

absl::Status CheckAwaited(const grpc::ServerContextBase& ctx, const RequestContext& context) {
  if (context.TimeLeft() < kLeastTimeLeft) return OutOfTime("too little time is left");
  if (MayHaveWaited(ctx, Read(ctx, kDeadlineKey).value) && ctx.IsCancelled()) {
    return absl::CancelledError("the caller has given up");
  }
  return absl::OkStatus();
}

grpc::Status HandleRpc(const RpcMethods& rpc, grpc::ServerContextBase* ctx, const char* name,
                       const std::function<absl::Status(const RequestContext&)>& handler) {
  const SteadyClock::time_point start = SteadyClock::now();
  const RpcMethods::Method& method = rpc.Find(name);
  method.metrics->Started();
  RequestContext context = ReadContext(*ctx, rpc.runtime().clock);
  RpcSpan span(context.trace, SpanKind::kServer, method.metrics->name());
  const ScopedRequestContext bound(context);
  const ScopedLogFields log_fields(
      {{"request_id", context.request_id}, {"trace_id", context.trace.trace_id}});
  const absl::Status status = Serve(rpc, method, *ctx, context, handler);

  const absl::Duration took = absl::FromChrono(SteadyClock::now() - start);
  const auto code = static_cast<grpc::StatusCode>(status.code());
  method.metrics->Handled(code, absl::ToDoubleSeconds(took));
  span.Ended(code);
  LogRpc(method.metrics->name(), context, status, took);
  if (HasBeenTriedAnew(status)) ctx->AddTrailingMetadata(kRetryPushbackKey, "-1");
  return ToGrpcStatus(Publish(status, context.request_id),
                      absl::StrCat(rpc.runtime().service, ".rostrum"));
}

void KeepVisitor(grpc::ServerContextBase* ctx) { ctx->AddInitialMetadata(kKeepVisitorKey, "1"); }

void SetSession(grpc::ServerContextBase* ctx, const std::string& token) {
  ctx->AddInitialMetadata(kSetSessionKey, token);
}

void EndSession(grpc::ServerContextBase* ctx) { ctx->AddInitialMetadata(kSetSessionKey, ""); }

void SetEtag(grpc::ServerContextBase* ctx, const std::string& etag) {
  ctx->AddInitialMetadata(kEtagKey, etag);
}

}  // namespace rostrum
