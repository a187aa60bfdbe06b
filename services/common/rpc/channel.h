#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"
#include "services/common/base/metrics.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/rpc_metrics.h"
#include "services/common/trace/trace_context.h"

namespace rostrum {

// A channel to another service: round_robin over the addresses in DNS, keepalive, and
// retries. CANCELLED is retried for all unary RPCs; UNAVAILABLE only for those marked
// NO_SIDE_EFFECTS or IDEMPOTENT.
// `target` is "dns:///content:50051", or "127.0.0.1:50051" locally.
std::shared_ptr<grpc::Channel> NewChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

// The service config of NewChannel: which RPCs are retried, and how.
std::string ServiceConfigJson();

// UNAVAILABLE in place of what gRPC's servers answer when they cannot serve: CANCELLED while
// one shuts down, RESOURCE_EXHAUSTED without a reason while all its threads are in use. For
// calls that this process did not cancel itself.
grpc::Status NormalizeStatus(const grpc::Status& status);

// Makes calls to one other service in the name of this service. Sets what every call needs:
// the identity token of this service, a deadline (`timeout`, or the rest of the deadline of
// the call being served if that is less), request id and trace. Thread-safe.
//
// A call that may be repeated is made again if no answer comes in time (Tries).
//
// At most 64 calls run at a time. A further one waits for a place, or fails at once with
// UNAVAILABLE if half of them have run for half a second: a service that hangs must not
// take all threads of the services that call it.
//
// What Call returns, by what the other service answered:
//   unreachable, no free thread, no answer    UNAVAILABLE / SERVICE_UNAVAILABLE; or
//   in time, DEADLINE_EXCEEDED                DEADLINE_EXCEEDED if the time of the call being
//                                             served is over
//   UNAUTHENTICATED, or PERMISSION_DENIED     INTERNAL: it refuses this service, not the
//   by the caller table or the certificate    caller whose request is being served
//   anything else                             the same, with its reason
// The first two are also logged, since handlers pass errors on and these say nothing about the
// caller of this service.
//
//   pb::CheckAccessResponse response;
//   RETURN_IF_ERROR(caller_.Call("CheckAccess", [&](grpc::ClientContext* ctx) {
//     return stub_->CheckAccess(ctx, request, &response);
//   }));
class ServiceCaller {
 public:
  ServiceCaller(const IdentitySigner& signer, std::string audience, absl::Duration timeout,
                Metrics& metrics);

  absl::Status Call(const char* method,
                    const std::function<grpc::Status(grpc::ClientContext*)>& call) const;
  // A stream on a context that lives longer than a call; it has no deadline. `path` is
  // "/rostrum.event.v1.EventService/PullEvents". It counts in the metrics with the status
  // given to Ended(), or as CANCELLED if that was never called.
  class Stream {
   public:
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    void Ended(const grpc::Status& status) { code_ = status.error_code(); }

   private:
    friend class ServiceCaller;
    explicit Stream(RpcMetrics& metrics);
    RpcMetrics& metrics_;
    const absl::Time started_;
    grpc::StatusCode code_ = grpc::StatusCode::CANCELLED;
  };
  // The identity token of this service for the other one, valid for at most a minute.
  std::string IdentityToken() const;
  Stream Open(const std::string& path, grpc::ClientContext* ctx) const;
  Metrics& metrics() const { return metrics_; }

 private:
  struct State;
  void Prepare(grpc::ClientContext* ctx, const TraceContext& trace) const;
  RpcMetrics& Find(const char* method) const;
  grpc::Status Try(RpcMetrics& rpc, absl::Time until, std::string* peer,
                   const std::function<grpc::Status(grpc::ClientContext*)>& call) const;
  absl::Status ToCallerStatus(const char* method, const grpc::Status& status) const;

  const IdentitySigner& signer_;
  const std::string audience_;
  const absl::Duration timeout_;
  Metrics& metrics_;
  const std::shared_ptr<State> state_;  // the token and the metrics, kept
};

}  // namespace rostrum
