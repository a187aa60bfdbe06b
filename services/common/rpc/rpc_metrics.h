#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/status.h"
#include "services/common/base/metrics.h"

namespace rostrum {

// The RPC of a path such as "/rostrum.content.v1.PostService/GetPost"; null if it is not linked
// into this binary.
const google::protobuf::MethodDescriptor* MethodOfPath(absl::string_view path);

// An RPC by its names: "rostrum.content.v1.PostService" and "GetPost".
struct RpcName {
  std::string service;
  std::string method;
  bool server_streaming = false;
  // Whether the call may be made again when its outcome is unknown, by the
  // idempotency_level in the proto. False for RPCs that are not linked into this binary.
  bool repeatable = false;

  static RpcName Of(const google::protobuf::MethodDescriptor& method);
  static RpcName OfPath(absl::string_view path);
  // As spans and logs name it: "rostrum.content.v1.PostService/GetPost".
  std::string Full() const { return service + "/" + method; }
};

// The three metric families of clients or of servers, declared in their code.
struct RpcFamilies {
  const CounterFamily& started;    // grpc_service, grpc_method, grpc_type
  const CounterFamily& handled;    // the same and grpc_code
  const HistogramFamily& seconds;  // as `started`
};

// The metrics of one RPC as client or as server, looked up once. The series of successful
// calls are exported as 0 before the first call. Thread-safe.
class RpcMetrics {
 public:
  RpcMetrics(Metrics& metrics, const RpcFamilies& families, RpcName name);

  const RpcName& name() const { return name_; }
  void Started() { started_.Increment(); }
  void Handled(grpc::StatusCode code, double seconds);

 private:
  prometheus::Counter& HandledWith(grpc::StatusCode code);

  Metrics& metrics_;
  const RpcFamilies families_;
  const RpcName name_;
  prometheus::Counter& started_;
  prometheus::Histogram& seconds_;
  // By status code; made when first needed.
  std::array<std::atomic<prometheus::Counter*>, 17> handled_{};
};

// Visits all RPCs of packages rostrum.* that are linked into this binary, in the order of
// their files.
void ForEachRpc(const std::function<void(const google::protobuf::MethodDescriptor&)>& visit);

}  // namespace rostrum
