#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "services/common/base/metrics.h"

namespace rostrum {

struct ServerOptions {
  std::string address;        // "0.0.0.0:50051"; port 0 takes a free one
  std::string admin_address;  // "0.0.0.0:9090" serves /metrics; empty serves none
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  // "0.0.0.0:8081" serves gRPC health and nothing else there, in plaintext, for
  // probes that have no certificate; empty does not.
  std::string health_address;
  bool reflection = true;
  absl::Duration drain = absl::Seconds(30);
  int max_threads = 1024;  // a fuse; work is limited by its callers and the PostgreSQL pool
  size_t max_receive_bytes = 4 << 20;
};

// A gRPC server as every service runs it: health (overall, for each service, and
// "liveness", which serves whether or not it is ready), reflection, connection age, keepalive,
// limits. Not serving until SetReady(true).
class Server {
 public:
  // UNAVAILABLE if the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       std::vector<grpc::Service*> services,
                                                       Metrics& metrics);
  ~Server();

  int port() const { return port_; }
  int health_port() const { return health_port_; }
  void SetReady(bool ready);
  // Not ready, no new calls, waits up to `drain` for those that run.
  void Shutdown();

 private:
  struct Admin;
  Server();
  absl::Duration drain_;
  int port_ = 0;
  int health_port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::Server> health_server_;  // or none
  std::unique_ptr<Admin> admin_;
};

// Waits for SIGTERM or SIGINT (signals.h); meanwhile calls `ready` several times a
// second and hands its answer to SetReady, so that a dependency that went away
// makes the service not ready, and back. `ready` tells what is known and waits for
// nothing: a signal would wait with it.
void ServeUntilStopped(Server& server, const std::function<bool()>& ready);

}  // namespace rostrum
