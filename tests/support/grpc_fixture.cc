#include "tests/support/grpc_fixture.h"

#include <cstdio>
#include <cstdlib>

#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "services/common/base/crypto.h"

namespace rostrum {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(10);

std::map<std::string, IdentitySigner> MakeSigners(Clock& clock) {
  std::map<std::string, IdentitySigner> signers;
  for (const std::string issuer :
       {"account", "subscription", "content", "feed", "comment", "gateway"}) {
    // Keys of tests only, the same in every run.
    signers.emplace(issuer, IdentitySigner(issuer + "-1", issuer,
                                           Ed25519KeyPairFromSeed(Sha256(issuer)), clock));
  }
  return signers;
}

Keyring MakeKeyring(const std::map<std::string, IdentitySigner>& signers) {
  std::map<std::string, Keyring::Key> keys;
  for (const auto& [issuer, signer] : signers) {
    keys[issuer + "-1"] = {issuer, Ed25519KeyPairFromSeed(Sha256(issuer)).public_key};
  }
  return Keyring(std::move(keys));
}

void SetDeadline(grpc::ClientContext& ctx) {
  ctx.set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
}

}  // namespace

GrpcTestServer::GrpcTestServer(const std::string& service, Clock* clock)
    : service_(service),
      clock_(clock != nullptr ? *clock : fake_clock_),
      signers_(MakeSigners(clock_)),
      keyring_(MakeKeyring(signers_)),
      verifier_(service, keyring_, clock_),
      runtime_{service, verifier_, metrics_, clock_} {}

GrpcTestServer::~GrpcTestServer() { Stop(); }

void GrpcTestServer::Serve(const std::vector<grpc::Service*>& services) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    std::fputs("the test server cannot listen on 127.0.0.1\n", stderr);
    std::abort();
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(16 << 20);  // as ours do
  // Otherwise channels of several tests share connections by address.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                       grpc::InsecureChannelCredentials(), arguments);
}

void GrpcTestServer::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(absl::ToChronoTime(absl::Now() + kDeadline));
  server_->Wait();
  server_.reset();
}

void GrpcTestServer::AsAnonymous(grpc::ClientContext& ctx) const { SetDeadline(ctx); }

void GrpcTestServer::AsAccount(grpc::ClientContext& ctx, const AccountId& id,
                               const std::set<std::string>& roles) const {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = id;
  caller.session_id = SessionId("00000000-0000-7000-8000-000000000001");
  caller.display_name = "Reader";
  caller.roles = roles;
  caller.has_all_scopes = true;
  AsCaller(ctx, caller);
}

void GrpcTestServer::AsAccount(grpc::ClientContext& ctx, const AccountId& id,
                               const std::set<std::string>& roles,
                               const std::set<std::string>& scopes) const {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = id;
  caller.display_name = "Reader";
  caller.roles = roles;
  caller.scopes = scopes;
  AsCaller(ctx, caller);
}

void GrpcTestServer::AsService(grpc::ClientContext& ctx, const std::string& name) const {
  Caller caller;
  caller.kind = Caller::Kind::kService;
  caller.service = name;
  AsCaller(ctx, caller);
}

void GrpcTestServer::AsCaller(grpc::ClientContext& ctx, const Caller& caller) const {
  SetDeadline(ctx);
  if (caller.kind == Caller::Kind::kAnonymous) return;
  const std::string issuer = caller.IsService() ? caller.service : "account";
  ctx.AddMetadata(kIdentityKey, signer(issuer).Sign(caller, service_));
}

VisitorPass GrpcTestServer::NewVisitor(bool fresh) {
  return VisitorPass{Base64Url(RandomBytes(16)), Base64Url(RandomBytes(32)), fresh};
}

void GrpcTestServer::WithVisitor(grpc::ClientContext& ctx, const VisitorPass& pass) {
  ctx.AddMetadata(kVisitorKey, pass.ToString());
}

void GrpcTestServer::WithNetwork(grpc::ClientContext& ctx, const std::string& network) {
  ctx.AddMetadata(kNetworkKey, network);
}

void GrpcTestServer::WithRequestId(grpc::ClientContext& ctx, const std::string& request_id) {
  ctx.AddMetadata(kRequestIdKey, request_id);
}

std::optional<std::string> GrpcTestServer::Answered(const grpc::ClientContext& ctx,
                                                    const char* key) {
  const auto& metadata = ctx.GetServerInitialMetadata();
  const auto it = metadata.find(key);
  if (it == metadata.end()) return std::nullopt;
  return std::string(it->second.data(), it->second.size());
}

}  // namespace rostrum
