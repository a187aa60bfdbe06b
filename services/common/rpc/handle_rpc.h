#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "services/common/base/clock.h"
#include "services/common/base/metrics.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/request_context.h"
#include "services/common/rpc/rpc_metrics.h"

namespace rostrum {

// What every handler of a process needs, built once in main.
struct RpcRuntime {
  std::string service;  // "content": the audience and the error domain
  IdentityVerifier& identity;
  Metrics& metrics;
  Clock& clock;
  // True: connections have certificates, and a caller must match that of its connection
  // (peer.h).
  bool mutual_tls = false;
};

// The RPCs of one gRPC service, with their descriptors and metrics looked up
// once. A handler class has one as member:
//   RpcMethods rpc_{runtime, pb::PostService::service_full_name()};
class RpcMethods {
 public:
  // Ends the process (at start) if the service is unknown or one of its RPCs states no
  // callers.
  RpcMethods(RpcRuntime& runtime, const std::string& service_full_name);

  struct Method {
    const google::protobuf::MethodDescriptor* descriptor;
    std::unique_ptr<RpcMetrics> metrics;
  };
  const Method& Find(const char* name) const;
  RpcRuntime& runtime() const { return runtime_; }

 private:
  RpcRuntime& runtime_;
  std::string service_full_name_;
  absl::flat_hash_map<std::string, Method> methods_;
};

// The wrapper around every handler, unary or server-streaming. In this order it
// 1. reads the metadata and binds the request context to the thread,
// 2. verifies the identity token,
// 3. with mutual TLS, checks that the caller matches the certificate of the connection,
// 4. checks the caller table,
// 5. refuses calls that have under 20 ms left or were cancelled,
// 6. runs the handler, and turns an exception into INTERNAL,
// 7. records metrics, span and log line,
// 8. tells the caller's channel not to retry if that would be in vain (HasBeenTriedAnew),
// 9. turns the status into a grpc::Status with details.
//
// The message of INTERNAL, UNKNOWN and DATA_LOSS goes to the log only; the client gets
// "internal error" and the request id.
grpc::Status HandleRpc(const RpcMethods& rpc, grpc::ServerContextBase* ctx, const char* method,
                       const std::function<absl::Status(const RequestContext&)>& handler);

// DEADLINE_EXCEEDED or CANCELLED if the caller no longer waits for the answer. HandleRpc
// checks it before the handler. A handler that has waited for other services, and then does
// something that no transaction undoes, checks it again.
absl::Status CheckAwaited(const grpc::ServerContextBase& ctx, const RequestContext& context);

// What a handler asks of the gateway beside its answer, in initial metadata (keys in
// request_context.h).
void KeepVisitor(grpc::ServerContextBase* ctx);
void SetSession(grpc::ServerContextBase* ctx, const std::string& token);
void EndSession(grpc::ServerContextBase* ctx);
void SetEtag(grpc::ServerContextBase* ctx, const std::string& etag);

}  // namespace rostrum
