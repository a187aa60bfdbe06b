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
  // Connections have certificates, and callers must be theirs (peer.h).
  bool mutual_tls = false;
};

// The RPCs of one gRPC service, with their descriptors and metrics looked up
// once. A handler class has one as member:
//   RpcMethods rpc_{runtime, pb::PostService::service_full_name()};
class RpcMethods {
 public:
  // Dies (at start) if the service is unknown or one of its RPCs states no
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

// The one wrapper around every handler, unary or server-streaming. In order:
// reads the metadata, binds the request context to the thread, verifies the
// identity, checks the caller table, refuses calls with under 20 ms left, runs
// the handler behind an exception barrier, counts, measures, logs, asks callers'
// channels for no more tries where those are in vain (HasBeenTriedAnew), and
// turns the status into a grpc::Status with details.
//
// INTERNAL, UNKNOWN and DATA_LOSS keep their message to the log; the client
// gets "internal error" and the request id.
grpc::Status HandleRpc(const RpcMethods& rpc, grpc::ServerContextBase* ctx, const char* method,
                       const std::function<absl::Status(const RequestContext&)>& handler);

// DEADLINE_EXCEEDED or CANCELLED if nobody waits for the answer any more. HandleRpc asks
// before the handler; who waited for others, and then does what no transaction guards,
// asks again.
absl::Status CheckAwaited(const grpc::ServerContextBase& ctx, const RequestContext& context);

// Answers in initial metadata, for the gateway (request_context.h has the keys).
void KeepVisitor(grpc::ServerContextBase* ctx);
void SetSession(grpc::ServerContextBase* ctx, const std::string& token);
void EndSession(grpc::ServerContextBase* ctx);
void SetEtag(grpc::ServerContextBase* ctx, const std::string& etag);

}  // namespace rostrum
