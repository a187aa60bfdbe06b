#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/proxy/pending_calls.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "services/common/base/metrics.h"
#include "services/common/rpc/client_metrics.h"

namespace rostrum::gateway {

namespace asio = boost::asio;

// Metadata of a call, made by the gateway alone (CallerContext::MetadataFor).
using CallMetadata = std::vector<std::pair<std::string, std::string>>;

// The result of a unary call.
struct UnaryResult {
  grpc::Status status;
  std::string message;  // serialised
  // Initial metadata of the answer.
  std::map<std::string, std::string> metadata;
  std::string peer;  // the replica, as gRPC names it; set if no answer came in time
};

// A call to make. `service` is the backend ("content"), `method` the full path
// ("/rostrum.content.v1.PostService/GetPost").
struct BackendCall {
  std::string service;
  std::string method;
  std::string request;  // serialised
  CallMetadata metadata;
  absl::Duration timeout = absl::InfiniteDuration();
};

// A server stream, read by one coroutine.
class BackendStream {
 public:
  virtual ~BackendStream() = default;
  // Waits for the next message. False at the end: then status() is set.
  virtual asio::awaitable<bool> Next(std::string& message) = 0;
  virtual grpc::Status status() const = 0;
  // Ends the call; a waiting Next returns false. Any thread.
  virtual void Cancel() = 0;
};

// The services behind the gateway, called over gRPC with serialised messages, without
// knowing their types. Thread-safe.
class Backends {
 public:
  // Targets by service name.
  Backends(const std::map<std::string, std::string>& targets,
           const std::shared_ptr<grpc::ChannelCredentials>& credentials, Metrics& metrics);
  ~Backends();

  // Resumes on the executor of the awaiting coroutine. At most 256 calls to a service run
  // at a time; more wait for their turn (CallQueue). An RPC that may be repeated is called
  // again if no answer comes in time (Tries).
  asio::awaitable<UnaryResult> Call(BackendCall call);
  // Starts a server stream.
  asio::awaitable<std::shared_ptr<BackendStream>> Open(BackendCall call);

  std::shared_ptr<grpc::Channel> channel(const std::string& service) const;
  // Counts the requests that wait for a call that they will share.
  prometheus::Gauge& sharers(const std::string& service) const;
  // When a call to `service` was last answered, even if with a refusal.
  absl::Time LastAnswer(const std::string& service) const;
  // Starts connecting, and names the services that are not connected.
  std::vector<std::string> Unconnected() const;
  // How many services there are.
  size_t size() const { return backends_.size(); }
  // Cancels every call, also those that are made later, for example by a coroutine that
  // waits for its turn. Call it before the executors are destroyed on which coroutines may
  // be waiting.
  void CancelAll() { pending_->CancelAll(); }

 private:
  struct Backend;
  Backend& Find(const std::string& service) const;
  asio::awaitable<UnaryResult> Try(const BackendCall& call, const grpc::ByteBuffer& request,
                                   RpcMetrics& metrics, absl::Time until);

  const std::shared_ptr<PendingCalls> pending_ = std::make_shared<PendingCalls>();
  std::map<std::string, std::unique_ptr<Backend>> backends_;
  ClientMetrics metrics_;
};

}  // namespace rostrum::gateway
