#include "services/common/rpc/peer.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "services/common/base/log.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/server.h"
#include "tests/services/common/rpc/comment_handlers.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"

namespace rostrum {
namespace {

namespace pb = rostrum::comment::v1;

RequestContext By(Caller caller) {
  RequestContext context;
  context.caller = std::move(caller);
  return context;
}
RequestContext ByService(const std::string& name) {
  return By({.kind = Caller::Kind::kService, .service = name});
}
RequestContext ByReader() { return By({.kind = Caller::Kind::kAccount}); }

TEST(CheckPeerTest, LetsAServiceSpeakForItself) {
  EXPECT_THAT(CheckPeer("feed", ByService("feed")), IsOk());
  EXPECT_THAT(CheckPeer("gateway", ByService("gateway")), IsOk());
}

TEST(CheckPeerTest, LetsTheGatewaySpeakForReaders) {
  RequestContext reader = ByReader();
  reader.visitor = GrpcTestServer::NewVisitor();
  reader.network = "n1";
  EXPECT_THAT(CheckPeer("gateway", reader), IsOk());
  EXPECT_THAT(CheckPeer("gateway", RequestContext()), IsOk());
}

TEST(CheckPeerTest, RefusesATokenOfAnother) {
  EXPECT_THAT(CheckPeer("feed", ByService("content")), HasReason("PEER_MISMATCH"));
  EXPECT_THAT(CheckPeer("gateway", ByService("account")), HasReason("PEER_MISMATCH"));
}

TEST(CheckPeerTest, LetsNobodyElseSpeakForReaders) {
  RequestContext with_pass = ByService("feed");
  with_pass.visitor = GrpcTestServer::NewVisitor();
  RequestContext with_network = ByService("feed");
  with_network.network = "n1";
  for (const RequestContext& context : {with_pass, with_network, ByReader(), RequestContext()}) {
    EXPECT_THAT(CheckPeer("feed", context), HasReason("GATEWAY_ONLY"));
  }
}

TEST(CheckPeerTest, RefusesWhoIsNoService) {
  for (const RequestContext& context : {ByService("feed"), ByReader(), RequestContext()}) {
    EXPECT_THAT(CheckPeer("", context), StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(CheckPeer("", context), HasReason("PEER_UNKNOWN"));
  }
}

// Over real connections.
class PeerTest : public testing::Test, protected GrpcTestServer {
 protected:
  PeerTest() : GrpcTestServer("comment") {
    SetLogSink([](const std::string&) {});
    runtime().mutual_tls = true;
    const CertificateFiles files = authority_.IssueFor("comment");
    grpc::SslServerCredentialsOptions tls(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = files.authority;
    tls.pem_key_cert_pairs = {{files.key, files.certificate}};
    server_ =
        *Server::Start({.address = "127.0.0.1:0", .credentials = grpc::SslServerCredentials(tls)},
                       {&comments_, &events_}, metrics());
  }
  ~PeerTest() override {
    server_.reset();
    SetLogSink(nullptr);
  }

  std::shared_ptr<grpc::Channel> With(const CertificateFiles& files) {
    return NewChannel("127.0.0.1:" + std::to_string(server_->port()),
                      grpc::SslCredentials({files.authority, files.key, files.certificate}));
  }
  std::shared_ptr<grpc::Channel> As(const std::string& service) {
    return With(authority_.IssueFor(service));
  }
  static absl::Status Get(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& ctx) {
    pb::Comment comment;
    return FromGrpcStatus(
        pb::CommentService::NewStub(channel)->GetComment(&ctx, pb::GetCommentRequest(), &comment));
  }
  absl::Status Pull(const std::shared_ptr<grpc::Channel>& channel, const std::string& token_of) {
    grpc::ClientContext ctx;
    AsService(ctx, token_of);
    const auto stub = event::v1::EventService::NewStub(channel);
    const auto reader = stub->PullEvents(&ctx, event::v1::PullEventsRequest());
    event::v1::PullEventsResponse response;
    while (reader->Read(&response)) {
    }
    return FromGrpcStatus(reader->Finish());
  }

  const TestAuthority authority_;
  CommentHandlers comments_{runtime()};
  EventHandlers events_{runtime()};
  std::unique_ptr<Server> server_;
};

TEST_F(PeerTest, TakesAVisitorPassFromTheGatewayOnly) {
  const VisitorPass pass = NewVisitor();
  std::string seen;
  comments_.handler = [&](const RequestContext& rc) {
    seen = rc.visitor.ToString();
    return absl::OkStatus();
  };
  grpc::ClientContext by_gateway;
  AsAnonymous(by_gateway);
  WithVisitor(by_gateway, pass);
  EXPECT_THAT(Get(As("gateway"), by_gateway), IsOk());
  EXPECT_EQ(seen, pass.ToString());

  seen.clear();
  grpc::ClientContext by_feed;
  AsService(by_feed, "feed");
  WithVisitor(by_feed, pass);
  EXPECT_THAT(Get(As("feed"), by_feed), HasReason("GATEWAY_ONLY"));
  grpc::ClientContext with_network;
  AsService(with_network, "feed");
  WithNetwork(with_network, "n1");
  EXPECT_THAT(Get(As("feed"), with_network), HasReason("GATEWAY_ONLY"));
  EXPECT_EQ(seen, "");
}

TEST_F(PeerTest, TakesAReadersTokenFromTheGatewayOnly) {
  const AccountId reader("00000000-0000-7000-8000-000000000002");
  grpc::ClientContext by_gateway;
  AsAccount(by_gateway, reader);
  EXPECT_THAT(Get(As("gateway"), by_gateway), IsOk());
  grpc::ClientContext by_account;
  AsAccount(by_account, reader);
  EXPECT_THAT(Get(As("account"), by_account), HasReason("GATEWAY_ONLY"));
}

TEST_F(PeerTest, TakesAServicesTokenOverItsOwnConnectionOnly) {
  EXPECT_THAT(Pull(As("feed"), "feed"), IsOk());
  EXPECT_THAT(Pull(As("feed"), "content"), HasReason("PEER_MISMATCH"));
  EXPECT_THAT(Pull(As("gateway"), "feed"), HasReason("PEER_MISMATCH"));
}

TEST_F(PeerTest, RefusesACertificateThatStandsForNoService) {
  for (const std::vector<std::string>& uris : std::vector<std::vector<std::string>>{
           {},
           {"spiffe://elsewhere/gateway"},
           {"spiffe://rostrum/ns/gateway"},
           {"https://rostrum/gateway"},
           {"spiffe://rostrum/gateway", "spiffe://rostrum/feed"}}) {
    grpc::ClientContext ctx;
    AsAnonymous(ctx);
    EXPECT_THAT(Get(With(authority_.Issue({.uris = uris})), ctx), HasReason("PEER_UNKNOWN"));
  }
}

TEST_F(PeerTest, IsNobodyOverPlaintext) {
  Serve({&comments_});
  grpc::ClientContext ctx;
  AsAnonymous(ctx);
  EXPECT_THAT(Get(channel(), ctx), HasReason("PEER_UNKNOWN"));
  Stop();
}

TEST_F(PeerTest, ARefusalIsNotPassedOnAsTheCallersOwn) {
  Metrics own;
  const ServiceCaller caller(signer("content"), "comment", absl::Seconds(10), own);
  const auto stub = pb::CommentService::NewStub(As("feed"));
  pb::Comment comment;
  EXPECT_THAT(caller.Call("GetComment",
                          [&](grpc::ClientContext* ctx) {
                            return stub->GetComment(ctx, pb::GetCommentRequest(), &comment);
                          }),
              StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace rostrum
