#include "services/common/rpc/rpc_span.h"

#include "absl/status/status.h"

namespace rostrum {
namespace {

// For a server span, mistakes of the client are not failures.
bool IsFailure(SpanKind kind, grpc::StatusCode code) {
  if (kind != SpanKind::kServer) return code != grpc::StatusCode::OK;
  switch (code) {
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS: return true;
    default: return false;
  }
}

}  // namespace

RpcSpan::RpcSpan(const TraceContext& trace, SpanKind kind, const RpcName& rpc)
    : kind_(kind),
      span_(kind == SpanKind::kServer ? Span::Of(trace, kind, "")
                                      : Span::ChildOf(trace, kind, "")) {
  if (!span_.recorded()) return;
  span_.SetName(rpc.Full());
  span_.Set({"rpc.system", "grpc"});
  span_.Set({"rpc.service", rpc.service});
  span_.Set({"rpc.method", rpc.method});
}

void RpcSpan::Ended(grpc::StatusCode code) {
  if (!span_.recorded()) return;
  span_.Set({"rpc.grpc.status_code", static_cast<int>(code)});
  if (IsFailure(kind_, code)) {
    span_.Fail(absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
  }
  span_.End();
}

}  // namespace rostrum
