#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gateway/proxy/backends.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "services/common/base/metrics.h"

namespace rostrum::testing {

// A gRPC server of one service, which is the "content" of a gateway's backends.
class ServedContent {
 public:
  ServedContent(grpc::Service& service, Metrics& metrics) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    backends_ = std::make_unique<gateway::Backends>(
        std::map<std::string, std::string>{{"content", absl::StrCat("127.0.0.1:", port)}},
        grpc::InsecureChannelCredentials(), metrics);
  }
  ~ServedContent() { Stop(); }
  // To be called before the executors go on which coroutines may wait for a call.
  void Stop() {
    backends_->CancelAll();
    server_->Shutdown();
  }

  gateway::Backends& backends() { return *backends_; }
  void Shutdown() { server_->Shutdown(); }

 private:
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<gateway::Backends> backends_;
};

}  // namespace rostrum::testing
