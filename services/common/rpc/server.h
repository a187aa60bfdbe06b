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
  // "0.0.0.0:8081" serves gRPC health and nothing else, in plaintext, for probes that have
  // no certificate. Empty: no such port.
  std::string health_address;
  bool reflection = true;
  absl::Duration drain = absl::Seconds(30);
  int max_threads = 1024;  // a last resort: callers and the PostgreSQL pool limit the work
  size_t max_receive_bytes = 4 << 20;
};

// A gRPC server with what every service needs: health, reflection, connection age,
// keepalive and limits. Health has an entry for the whole server, one for each gRPC
// service, and "liveness", which is SERVING even while the service is not ready. Not ready
// until SetReady(true).
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
  // Becomes not ready, takes no new calls, and waits up to `drain` for those that run.
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

// Waits for SIGTERM or SIGINT (signals.h). Meanwhile calls `ready` several times a second
// and passes its result to SetReady, so that the service is not ready while something that
// it depends on is unavailable. `ready` must not block, because the signal would be noticed
// late.
void ServeUntilStopped(Server& server, const std::function<bool()>& ready);

}  // namespace rostrum
