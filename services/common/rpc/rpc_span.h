#pragma once

#include "grpcpp/support/status.h"
#include "services/common/rpc/rpc_metrics.h"
#include "services/common/trace/span.h"

namespace rostrum {

// The span of an RPC on one side, with OpenTelemetry's names for what it says:
// rpc.system, rpc.service, rpc.method, rpc.grpc.status_code.
class RpcSpan {
 public:
  RpcSpan() = default;
  // A client's: a part of `trace`.
  // A server's: the span that `trace` names.
  RpcSpan(const TraceContext& trace, SpanKind kind, const RpcName& rpc);

  bool recorded() const { return span_.recorded(); }
  const TraceContext& context() const { return span_.context(); }
  Span& operator*() { return span_; }
  // Ends it; a failure is what OpenTelemetry says is one on that side.
  void Ended(grpc::StatusCode code);

 private:
  SpanKind kind_ = SpanKind::kInternal;
  Span span_;
};

}  // namespace rostrum
