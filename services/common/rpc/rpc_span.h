#pragma once

#include "grpcpp/support/status.h"
#include "services/common/rpc/rpc_metrics.h"
#include "services/common/trace/span.h"

namespace rostrum {

// The span of an RPC as client or as server, with the attributes that OpenTelemetry
// defines: rpc.system, rpc.service, rpc.method, rpc.grpc.status_code.
class RpcSpan {
 public:
  RpcSpan() = default;
  // For a client: a child of the span in `trace`. For a server: the span in `trace` itself.
  RpcSpan(const TraceContext& trace, SpanKind kind, const RpcName& rpc);

  bool recorded() const { return span_.recorded(); }
  const TraceContext& context() const { return span_.context(); }
  Span& operator*() { return span_; }
  // Ends the span. Which codes count as failures on that side is defined by OpenTelemetry.
  void Ended(grpc::StatusCode code);

 private:
  SpanKind kind_ = SpanKind::kInternal;
  Span span_;
};

}  // namespace rostrum
