#include "services/common/rpc/transport_security.h"

#include <atomic>
#include <filesystem>
#include <map>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "services/common/base/log.h"
#include "services/common/rpc/certificates.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/server.h"
#include "tests/services/common/rpc/comment_handlers.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"

namespace rostrum {
namespace {

namespace pb = rostrum::comment::v1;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Beyond any time that a change takes to be seen.
constexpr absl::Duration kPatience = absl::Seconds(30);

std::string MessageOf(const absl::Status& status) {
  return absl::IsInvalidArgument(status) ? std::string(status.message()) : status.ToString();
}

absl::Mutex log_mu(absl::kConstInit);
std::string& Collected() {
  static auto* const kLog = new std::string;
  return *kLog;
}

// With a gateway and a comment service that have certificates of one authority.
class TransportSecurityTest : public testing::Test, protected GrpcTestServer {
 protected:
  TransportSecurityTest() : GrpcTestServer("comment") {
    Collected().clear();
    SetLogSink([](const std::string& line) {
      absl::MutexLock lock(&log_mu);
      Collected() += line;
    });
    std::filesystem::remove_all(root_);
    runtime().mutual_tls = true;
  }
  ~TransportSecurityTest() override {
    server_.reset();
    security_.clear();
    SetLogSink(nullptr);
    std::filesystem::remove_all(root_);
  }

  std::string Folder(const std::string& name) const { return root_ + "/" + name; }

  absl::StatusOr<TransportSecurity*> Open(const std::string& service) {
    auto security = TransportSecurity::Open(Folder(service), service, metrics_of_[service]);
    if (!security.ok()) return security.status();
    security_.push_back(*std::move(security));
    return security_.back().get();
  }
  // The same with a new certificate.
  TransportSecurity& With(const std::string& service) {
    MountCertificates(authority_.IssueFor(service), Folder(service));
    absl::StatusOr<TransportSecurity*> security = Open(service);
    EXPECT_THAT(security.status(), IsOk());
    return **security;
  }

  void StartServer() {
    ServerOptions options{.address = "127.0.0.1:0", .credentials = With("comment").server()};
    auto server = Server::Start(options, {&comments_}, metrics());
    ASSERT_THAT(server.status(), IsOk());
    server_ = *std::move(server);
  }
  std::string Target(const std::string& host = "127.0.0.1") const {
    return host + ":" + std::to_string(server_->port());
  }

  // What becomes of a read by nobody, over a connection of its own.
  grpc::Status Get(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                   const std::string& target) {
    const auto stub = pb::CommentService::NewStub(NewChannel(target, credentials));
    grpc::ClientContext ctx;
    AsAnonymous(ctx);
    pb::Comment comment;
    return stub->GetComment(&ctx, pb::GetCommentRequest(), &comment);
  }
  static std::shared_ptr<grpc::ChannelCredentials> Presenting(const CertificateFiles& files,
                                                              const std::string& authority) {
    return grpc::SslCredentials({authority, files.key, files.certificate});
  }

  static std::string Log() {
    absl::MutexLock lock(&log_mu);
    return Collected();
  }
  template <class Condition>
  static bool Eventually(Condition condition) {
    const absl::Time end = absl::Now() + kPatience;
    while (!condition()) {
      if (absl::Now() > end) return false;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return true;
  }
  // When the certificate that the service uses ends, as its metric says.
  bool Uses(const std::string& service, const CertificateFiles& files) {
    const double end =
        absl::ToDoubleSeconds(CheckCertificates(files)->not_after - absl::UnixEpoch());
    const std::string line = R"(tls_certificate_not_after_timestamp_seconds{file="tls.crt"} )";
    const std::string shown = metrics_of_[service].Expose();
    const size_t at = shown.find(line);
    double value = 0;
    return at != std::string::npos &&
           absl::SimpleAtod(shown.substr(at + line.size(), shown.find('\n', at) - at - line.size()),
                            &value) &&
           value == end;
  }

  const std::string root_ = testing::TempDir() + "/rostrum_tls_" + std::to_string(getpid());
  std::map<std::string, Metrics> metrics_of_;  // of each service
  const TestAuthority authority_;
  CommentHandlers comments_{runtime()};
  std::vector<std::unique_ptr<TransportSecurity>> security_;
  std::unique_ptr<Server> server_;
};

TEST_F(TransportSecurityTest, IsPlaintextWithoutAFolder) {
  const auto security = TransportSecurity::Open("", "comment", metrics());
  ASSERT_THAT(security.status(), IsOk());
  EXPECT_FALSE((*security)->mutual());
  EXPECT_EQ(metrics().Expose().find("tls_certificate"), std::string::npos);
}

TEST_F(TransportSecurityTest, NamesTheSettingAndTheFileThatIsMissing) {
  for (const char* file : {"tls.crt", "tls.key", "ca.crt"}) {
    MountCertificates(authority_.IssueFor("comment"), Folder("comment"));
    std::filesystem::remove(Folder("comment") + "/" + file);
    EXPECT_THAT(MessageOf(Open("comment").status()),
                AllOf(HasSubstr("TLS_DIR"), HasSubstr(Folder("comment") + "/" + file),
                      HasSubstr("No such file")));
    std::filesystem::remove_all(Folder("comment"));
  }
  EXPECT_THAT(MessageOf(Open("none").status()), HasSubstr("none/tls.crt: No such file"));
}

TEST_F(TransportSecurityTest, TellsWhatIsWrongWithACertificate) {
  const CertificateFiles good = authority_.IssueFor("comment");
  const CertificateFiles other = authority_.IssueFor("comment");
  const TestAuthority stranger;
  const std::vector<std::pair<CertificateFiles, std::string>> wrong = {
      {{good.certificate, other.key, good.authority}, "tls.key: not the key of tls.crt"},
      {{good.certificate, "nonsense", good.authority}, "tls.key: not an unencrypted"},
      {{"nonsense", good.key, good.authority}, "tls.crt: not certificates"},
      {{good.certificate.substr(0, 200), good.key, good.authority}, "tls.crt: not certificates"},
      {{good.certificate, good.key, "nonsense"}, "ca.crt: not certificates"},
      {{good.certificate, good.key, stranger.certificate()}, "ca.crt does not vouch for it"},
      {authority_.Issue({.uris = {"spiffe://rostrum/comment"}, .valid_until = -absl::Minutes(1)}),
       "certificate has expired"},
      {authority_.Issue({.uris = {"spiffe://rostrum/comment"}, .valid_from = absl::Minutes(30)}),
       "not yet valid"},
      {authority_.Issue({.uris = {"spiffe://rostrum/comment"}, .usages = "serverAuth"}),
       "as client"},
      {authority_.Issue({.uris = {}}), "its one URI is not"},
      {authority_.Issue({.uris = {"spiffe://rostrum/comment", "spiffe://rostrum/gateway"}}),
       "its one URI is not"},
      {authority_.Issue({.uris = {"spiffe://elsewhere/comment"}}), "its one URI is not"},
      {authority_.IssueFor("feed"), "the certificate of feed, not of comment"},
  };
  for (const auto& [files, what] : wrong) {
    MountCertificates(files, Folder("comment"));
    EXPECT_THAT(MessageOf(Open("comment").status()), AllOf(HasSubstr("TLS_DIR"), HasSubstr(what)));
  }
}

TEST_F(TransportSecurityTest, TakesWhoHasACertificateOfTheAuthority) {
  StartServer();
  TransportSecurity& gateway = With("gateway");
  EXPECT_TRUE(gateway.mutual());
  EXPECT_THAT(Get(gateway.channel(), Target()), IsOk());
  EXPECT_THAT(Get(gateway.channel(), Target("localhost")), IsOk());
  // Replicas, as a list of addresses.
  EXPECT_THAT(Get(gateway.channel(), "ipv4:127.0.0.1:1," + Target()), IsOk());
}

TEST_F(TransportSecurityTest, RefusesWhoHasNone) {
  StartServer();
  const TestAuthority stranger;
  const std::string& authority = authority_.certificate();
  EXPECT_THAT(Get(Presenting(authority_.IssueFor("gateway"), authority), Target()), IsOk());
  const std::vector<std::shared_ptr<grpc::ChannelCredentials>> refused = {
      grpc::InsecureChannelCredentials(), grpc::SslCredentials({authority, "", ""}),
      Presenting(stranger.IssueFor("gateway"), authority),
      Presenting(authority_.Issue(
                     {.uris = {"spiffe://rostrum/gateway"}, .valid_until = -absl::Minutes(1)}),
                 authority),
      Presenting(authority_.Issue({.uris = {"spiffe://rostrum/gateway"}, .usages = "serverAuth"}),
                 authority)};
  for (const auto& credentials : refused) {
    EXPECT_THAT(Get(credentials, Target()), StatusIs(absl::StatusCode::kUnavailable));
  }
  // The server is as it was.
  EXPECT_THAT(Get(Presenting(authority_.IssueFor("gateway"), authority), Target()), IsOk());
}

TEST_F(TransportSecurityTest, CallsNoServerThatHasNoneOfItsName) {
  StartServer();
  const TransportSecurity& gateway = With("gateway");
  // Of another authority.
  const TestAuthority stranger;
  MountCertificates(stranger.IssueFor("feed"), Folder("feed"));
  ASSERT_THAT(Open("feed").status(), IsOk());
  ServerOptions options{.address = "127.0.0.1:0", .credentials = security_.back()->server()};
  auto impostor = Server::Start(options, {&comments_}, metrics());
  ASSERT_THAT(impostor.status(), IsOk());
  EXPECT_THAT(Get(gateway.channel(), "127.0.0.1:" + std::to_string((*impostor)->port())),
              StatusIs(absl::StatusCode::kUnavailable));
  // Of this one, for another name.
  MountCertificates(
      authority_.Issue(
          {.uris = {"spiffe://rostrum/content"}, .dns = {"content.example"}, .loopback = false}),
      Folder("content"));
  ASSERT_THAT(Open("content").status(), IsOk());
  options.credentials = security_.back()->server();
  auto elsewhere = Server::Start(options, {&comments_}, metrics());
  ASSERT_THAT(elsewhere.status(), IsOk());
  EXPECT_THAT(Get(gateway.channel(), "127.0.0.1:" + std::to_string((*elsewhere)->port())),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TransportSecurityTest, TakesARenewedCertificateIntoUse) {
  StartServer();
  TransportSecurity& gateway = With("gateway");
  const auto standing = pb::CommentService::NewStub(NewChannel(Target(), gateway.channel()));
  std::atomic<bool> done = false;
  std::atomic<int> answered = 0;
  std::vector<std::string> failed;
  std::thread caller([&] {
    while (!done) {
      grpc::ClientContext ctx;
      AsAnonymous(ctx);
      pb::Comment comment;
      // One connection that stays, and one that is new each time: of another name,
      // so that gRPC does not share the first.
      const grpc::Status stayed = standing->GetComment(&ctx, pb::GetCommentRequest(), &comment);
      const grpc::Status fresh = Get(gateway.channel(), Target("localhost"));
      for (const grpc::Status& status : {stayed, fresh}) {
        if (!status.ok()) failed.push_back(status.error_message());
      }
      ++answered;
    }
  });
  // The authority changes too: first both are believed, then the new one alone.
  const TestAuthority next;
  const auto roll = [&](const TestAuthority& issuer, const std::string& believed, int minutes) {
    for (const std::string service : {"comment", "gateway"}) {
      CertificateFiles files = issuer.Issue(
          {.uris = {"spiffe://rostrum/" + service}, .valid_until = absl::Minutes(minutes)});
      files.authority = believed;
      MountCertificates(files, Folder(service));
      EXPECT_TRUE(Eventually([&] { return Uses(service, files); })) << Log();
    }
    // gRPC has looked, too.
    absl::SleepFor(absl::Seconds(3));
  };
  roll(authority_, authority_.certificate() + next.certificate(), 120);
  roll(next, authority_.certificate() + next.certificate(), 180);
  roll(next, next.certificate(), 240);
  const int before = answered;
  EXPECT_TRUE(Eventually([&] { return answered > before + 10; }));
  done = true;
  caller.join();
  EXPECT_THAT(failed, testing::IsEmpty());
  // The former authority is none any more.
  EXPECT_THAT(Get(Presenting(authority_.IssueFor("gateway"), next.certificate()), Target()),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Get(Presenting(next.IssueFor("gateway"), next.certificate()), Target()), IsOk());
}

TEST_F(TransportSecurityTest, KeepsTheFormerOneWhenTheNewOneIsBroken) {
  StartServer();
  TransportSecurity& gateway = With("gateway");
  const CertificateFiles good = authority_.IssueFor("comment");
  const CertificateFiles other = authority_.IssueFor("comment");
  const auto put = [&](const CertificateFiles& files, const std::string& complaint) {
    MountCertificates(files, Folder("comment"));
    EXPECT_TRUE(Eventually([&] { return Log().find(complaint) != std::string::npos; })) << Log();
    absl::SleepFor(absl::Seconds(2));
    EXPECT_THAT(Get(gateway.channel(), Target()), IsOk()) << complaint;
  };
  put({good.certificate, other.key, good.authority}, "not the key of tls.crt");
  put({good.certificate.substr(0, 300), good.key, good.authority}, "tls.crt: not certificates");
  put({good.certificate, good.key, ""}, "ca.crt: nothing can be read");
  put(authority_.IssueFor("feed"), "the certificate of feed");
  std::filesystem::remove_all(Folder("comment"));
  EXPECT_TRUE(Eventually([&] { return Log().find("No such file") != std::string::npos; }));
  EXPECT_THAT(Get(gateway.channel(), Target()), IsOk());
  // And takes the next good one.
  const CertificateFiles renewed =
      authority_.Issue({.uris = {"spiffe://rostrum/comment"}, .valid_until = absl::Minutes(90)});
  MountCertificates(renewed, Folder("comment"));
  EXPECT_TRUE(Eventually([&] { return Uses("comment", renewed); })) << Log();
}

}  // namespace
}  // namespace rostrum
