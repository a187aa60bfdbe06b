#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "services/common/base/metrics.h"
#include "services/common/base/settings.h"

namespace rostrum {

// How a binary's gRPC connections are secured: mutual TLS with the certificate
// of a folder (certificates.h), or nothing. Lives as long as the process.
//
// The folder is looked at every second, and a whole and valid new certificate is
// used for the connections made from then on; those that stand go on. One that
// is not leaves the former in use and is logged. Thread-safe.
class TransportSecurity {
 public:
  // Declares TLS_DIR and returns its value.
  static std::string ReadSetting(Settings& env);

  // Without a folder: plaintext. `service` is whose certificate it must be.
  // INVALID_ARGUMENT that names TLS_DIR, the file and what is wrong with it.
  static absl::StatusOr<std::unique_ptr<TransportSecurity>> Open(const std::string& folder,
                                                                 const std::string& service,
                                                                 Metrics& metrics);
  ~TransportSecurity();

  // True if peers prove who they are with certificates.
  bool mutual() const { return watch_ != nullptr; }
  // Takes connections of who has a certificate of the authority.
  const std::shared_ptr<grpc::ServerCredentials>& server() const { return server_; }
  // Presents the certificate, and demands one of the server's name.
  const std::shared_ptr<grpc::ChannelCredentials>& channel() const { return channel_; }

 private:
  class Watch;
  TransportSecurity();
  std::unique_ptr<Watch> watch_;
  std::shared_ptr<grpc::ServerCredentials> server_;
  std::shared_ptr<grpc::ChannelCredentials> channel_;
};

}  // namespace rostrum
