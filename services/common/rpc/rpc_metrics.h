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

// An RPC by its names: "rostrum.content.v1.PostService" and "GetPost".
struct RpcName {
  std::string service;
  std::string method;
  bool server_streaming = false;
  // Whether it may be asked once more when nobody knows what became of it: the proto's
  // idempotency_level. False of what is not linked into this binary.
  bool repeatable = false;

  static RpcName Of(const google::protobuf::MethodDescriptor& method);
  // Of a path such as "/rostrum.content.v1.PostService/GetPost".
  static RpcName OfPath(absl::string_view path);
  // As spans and logs name it: "rostrum.content.v1.PostService/GetPost".
  std::string Full() const { return service + "/" + method; }
};

// The three families of one side, declared where that side is.
struct RpcFamilies {
  const CounterFamily& started;    // grpc_service, grpc_method, grpc_type
  const CounterFamily& handled;    // and grpc_code
  const HistogramFamily& seconds;  // as started
};

// The metrics of one RPC on one side, looked up once. The series of what goes
// well stands at zero before the first call. Thread-safe.
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

// Visits the RPCs of ours whose protos are linked into this binary, in the order
// of their files.
void ForEachRpc(const std::function<void(const google::protobuf::MethodDescriptor&)>& visit);

}  // namespace rostrum
