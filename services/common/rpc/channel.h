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

// A channel to another service: round_robin over what DNS says, keepalive, and
// retries of CANCELLED, for RPCs marked NO_SIDE_EFFECTS or IDEMPOTENT of
// UNAVAILABLE too.
// `target` is "dns:///content:50051", or "127.0.0.1:50051" locally.
std::shared_ptr<grpc::Channel> NewChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

// The service config of NewChannel: which RPCs are retried, and how.
std::string ServiceConfigJson();

// What a call that nobody here cancelled came to. A server that stops answers CANCELLED
// to what reaches it too late, and one whose threads are all in use RESOURCE_EXHAUSTED:
// both mean UNAVAILABLE.
grpc::Status MeaningOf(const grpc::Status& status);

// Makes calls to one other service as this service. Sets what every call must
// have: the identity token of this service, what is left of the deadline of the
// call being served (at most `timeout`), request id and trace. Thread-safe.
//
// An RPC that may be repeated and is late is asked again (Tries).
//
// At most 64 calls are under way. One more waits, or is UNAVAILABLE at once where half of
// them have waited for half a second: a service that hangs must not take all threads of
// those that ask it, which have other work.
//
// What the other service says comes back as it is, with its reason. What only
// the connection says does not, because handlers pass errors on: no answer in
// time is UNAVAILABLE / SERVICE_UNAVAILABLE (the other's own word for that, its
// database's too), none before the call being served is over DEADLINE_EXCEEDED,
// and a refusal of this service itself is INTERNAL. The original is logged.
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
  // A stream on a context that lives longer than a call; no deadline. `path` is
  // "/rostrum.event.v1.EventService/PullEvents". Counted as ended by Ended(), or
  // as cancelled when it goes without.
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
  // Proves to the other service who calls; good for a minute.
  std::string IdentityToken() const;
  Stream Open(const std::string& path, grpc::ClientContext* ctx) const;
  Metrics& metrics() const { return metrics_; }

 private:
  struct State;
  void Prepare(grpc::ClientContext* ctx, const TraceContext& trace) const;
  RpcMetrics& Find(const char* method) const;
  grpc::Status Try(RpcMetrics& rpc, absl::Time until, std::string* peer,
                   const std::function<grpc::Status(grpc::ClientContext*)>& call) const;
  absl::Status Judge(const char* method, const grpc::Status& status) const;

  const IdentitySigner& signer_;
  const std::string audience_;
  const absl::Duration timeout_;
  Metrics& metrics_;
  const std::shared_ptr<State> state_;  // the token and the metrics, kept
};

}  // namespace rostrum
