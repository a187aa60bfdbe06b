#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "services/common/base/metrics.h"
#include "services/common/base/settings.h"

namespace rostrum {

// How a binary's gRPC connections are secured: mutual TLS with the certificate in a folder
// (certificates.h), or plaintext. Lives as long as the process.
//
// The folder is checked every second. A new certificate that is complete and valid is used
// for new connections; existing ones continue. One that is not is logged, and the former
// stays in use. Thread-safe.
class TransportSecurity {
 public:
  // Declares TLS_DIR and returns its value.
  static std::string ReadSetting(Settings& env);

  // Without a folder: plaintext. `service` is the service that the certificate must name.
  // INVALID_ARGUMENT names TLS_DIR, the file and what is wrong with it.
  static absl::StatusOr<std::unique_ptr<TransportSecurity>> Open(const std::string& folder,
                                                                 const std::string& service,
                                                                 Metrics& metrics);
  ~TransportSecurity();

  // True if peers prove who they are with certificates.
  bool mutual() const { return watch_ != nullptr; }
  // For servers: accepts clients that have a certificate of the authority.
  const std::shared_ptr<grpc::ServerCredentials>& server() const { return server_; }
  // For clients: presents the certificate, and requires that the server's has its name.
  const std::shared_ptr<grpc::ChannelCredentials>& channel() const { return channel_; }

 private:
  class Watch;
  TransportSecurity();
  std::unique_ptr<Watch> watch_;
  std::shared_ptr<grpc::ServerCredentials> server_;
  std::shared_ptr<grpc::ChannelCredentials> channel_;
};

}  // namespace rostrum
