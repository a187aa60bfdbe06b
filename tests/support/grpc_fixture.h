#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/server.h"
#include "gtest/gtest.h"
#include "services/common/base/clock.h"
#include "services/common/base/ids.h"
#include "services/common/base/metrics.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/request_context.h"
#include "tests/support/fake_clock.h"

namespace rostrum {

// A real gRPC server of one service on a free loopback port, with everything
// that its handlers need. Keys stand for account, subscription, content, feed,
// comment and gateway.
class GrpcTestServer {
 public:
  // `service` is the audience, such as "comment". Without a clock it has a
  // FakeClock of its own.
  explicit GrpcTestServer(const std::string& service, Clock* clock = nullptr);
  // Stops.
  ~GrpcTestServer();

  Clock& clock() { return clock_; }
  // The clock of its own; only meaningful where no other was given.
  FakeClock& fake_clock() { return fake_clock_; }
  Metrics& metrics() { return metrics_; }
  RpcRuntime& runtime() { return runtime_; }
  KeyringFile& keyring() { return keyring_; }
  // The signer of a service, by name.
  const IdentitySigner& signer(const std::string& issuer) const { return signers_.at(issuer); }

  // The handlers must outlive Stop. Dies if the port cannot be bound.
  void Serve(const std::vector<grpc::Service*>& services);
  void Stop();
  // To this server; valid after Serve.
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }

  // Fill the context of one call: who calls, and a deadline of 10 seconds.
  void AsAnonymous(grpc::ClientContext& ctx) const;
  // A session has all scopes.
  void AsAccount(grpc::ClientContext& ctx, const AccountId& id,
                 const std::set<std::string>& roles = {}) const;
  void AsAccount(grpc::ClientContext& ctx, const AccountId& id, const std::set<std::string>& roles,
                 const std::set<std::string>& scopes) const;
  void AsService(grpc::ClientContext& ctx, const std::string& name) const;
  // As exactly this caller, signed by account (or by the service that it is).
  void AsCaller(grpc::ClientContext& ctx, const Caller& caller) const;

  static VisitorPass NewVisitor(bool fresh = false);
  static void WithVisitor(grpc::ClientContext& ctx, const VisitorPass& pass);
  static void WithNetwork(grpc::ClientContext& ctx, const std::string& network);
  static void WithRequestId(grpc::ClientContext& ctx, const std::string& request_id);
  // A value of the answer's initial metadata (kEtagKey, ...), or nullopt.
  static std::optional<std::string> Answered(const grpc::ClientContext& ctx, const char* key);

 private:
  const std::string service_;
  FakeClock fake_clock_;
  Clock& clock_;
  Metrics metrics_;
  std::map<std::string, IdentitySigner> signers_;
  KeyringFile keyring_;
  IdentityVerifier verifier_;
  RpcRuntime runtime_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// The same as a base of test fixtures. Stops before the handlers of the derived
// class go.
//   class CommentServiceTest : public GrpcFixture {
//    protected:
//     CommentServiceTest() : GrpcFixture("comment") { Serve({&service_}); }
class GrpcFixture : public ::testing::Test, protected GrpcTestServer {
 protected:
  using GrpcTestServer::GrpcTestServer;
  void TearDown() override { Stop(); }
};

}  // namespace rostrum
