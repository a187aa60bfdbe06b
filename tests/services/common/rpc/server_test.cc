#include "services/common/rpc/server.h"
#include "services/common/base/signals.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <csignal>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/common/base/log.h"
#include "services/common/rpc/channel.h"
#include "tests/services/common/rpc/comment_handlers.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"

namespace rostrum {
namespace {

const CounterFamily kPublished{"posts_published_total", "Posts published."};

namespace pb = rostrum::comment::v1;
using ::testing::HasSubstr;

constexpr char kHealthCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// Calls without generated code, which Debian has not for these services.
grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                     const std::string& request, std::string* response) {
  grpc::ClientContext ctx;
  ctx.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const grpc::Slice slice(request);
  const grpc::ByteBuffer bytes(&slice, 1);
  const auto call = stub.PrepareUnaryCall(&ctx, method, bytes, &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  std::vector<grpc::Slice> slices;
  if (status.ok() && answer.Dump(&slices).ok()) {
    for (const grpc::Slice& s : slices) {
      response->append(reinterpret_cast<const char*>(s.begin()), s.size());
    }
  }
  return status;
}

std::shared_ptr<grpc::Channel> ChannelTo(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                   grpc::InsecureChannelCredentials(), arguments);
}

// HealthCheckRequest.service is field 1, HealthCheckResponse.status field 1.
std::string Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  std::string request;
  if (!service.empty())
    request = "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  std::string response;
  const grpc::Status status = CallRaw(channel, kHealthCheck, request, &response);
  if (!status.ok())
    return absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
  return response == std::string("\x08\x01") ? "SERVING" : "NOT_SERVING";
}

// A TCP port of 127.0.0.1 that was free a moment ago.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

std::string HttpGet(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    if (write(fd, request.data(), request.size()) > 0) {
      char buffer[4096];
      for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) answer.append(buffer, n);
    }
  }
  close(fd);
  return answer;
}

class ServerTest : public testing::Test, protected GrpcTestServer {
 protected:
  ServerTest() : GrpcTestServer("comment") {
    SetLogSink([](const std::string&) {});
    options_.address = "127.0.0.1:0";
    options_.drain = absl::Seconds(5);
  }
  ~ServerTest() override { SetLogSink(nullptr); }

  std::unique_ptr<Server> StartServer() {
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(options_, {&comments_}, metrics());
    EXPECT_THAT(server.status(), IsOk());
    return *std::move(server);
  }

  ServerOptions options_;
  CommentHandlers comments_{runtime()};
};

TEST_F(ServerTest, IsServingWhenReady) {
  const auto server = StartServer();
  const auto channel = ChannelTo(server->port());
  for (const std::string service : {"", "rostrum.comment.v1.CommentService"}) {
    EXPECT_EQ(Health(channel, service), "NOT_SERVING");
    server->SetReady(true);
    EXPECT_EQ(Health(channel, service), "SERVING");
    server->SetReady(false);
    EXPECT_EQ(Health(channel, service), "NOT_SERVING");
  }
  EXPECT_EQ(Health(channel, "rostrum.none"), "NOT_FOUND");
  EXPECT_EQ(Health(channel, "liveness"), "SERVING") << "though not ready";
}

TEST_F(ServerTest, SaysTheSameAtTheHealthAddressAndServesNothingElseThere) {
  options_.health_address = "127.0.0.1:0";
  const auto server = StartServer();
  ASSERT_NE(server->health_port(), 0);
  ASSERT_NE(server->health_port(), server->port());
  const auto channel = ChannelTo(server->health_port());
  for (const std::string service : {"", "rostrum.comment.v1.CommentService"}) {
    EXPECT_EQ(Health(channel, service), "NOT_SERVING");
    server->SetReady(true);
    EXPECT_EQ(Health(channel, service), "SERVING");
    server->SetReady(false);
    EXPECT_EQ(Health(channel, service), "NOT_SERVING");
  }
  EXPECT_EQ(Health(channel, "rostrum.none"), "NOT_FOUND");
  const auto stub = pb::CommentService::NewStub(channel);
  grpc::ClientContext ctx;
  pb::Comment comment;
  EXPECT_THAT(stub->GetComment(&ctx, pb::GetCommentRequest(), &comment),
              StatusIs(absl::StatusCode::kUnimplemented));
  std::string response;
  EXPECT_EQ(CallRaw(channel, kReflection, "", &response).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServerTest, ServesHealthWithoutACertificateWhereCallsNeedOne) {
  const TestAuthority authority;
  const CertificateFiles files = authority.IssueFor("comment");
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = files.authority;
  tls.pem_key_cert_pairs = {{files.key, files.certificate}};
  options_.credentials = grpc::SslServerCredentials(tls);
  options_.health_address = "127.0.0.1:0";
  const auto server = StartServer();
  server->SetReady(true);
  EXPECT_EQ(Health(ChannelTo(server->health_port()), ""), "SERVING");
  EXPECT_EQ(Health(ChannelTo(server->port()), ""), "UNAVAILABLE");
}

TEST_F(ServerTest, DoesNotStartWhenHealthCannotBeServed) {
  const auto server = StartServer();
  options_.health_address = "127.0.0.1:" + std::to_string(server->port());
  EXPECT_THAT(Server::Start(options_, {&comments_}, metrics()).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, ServesCalls) {
  const auto server = StartServer();
  const auto stub = pb::CommentService::NewStub(ChannelTo(server->port()));
  grpc::ClientContext ctx;
  pb::Comment comment;
  EXPECT_THAT(stub->GetComment(&ctx, pb::GetCommentRequest(), &comment), IsOk());
}

TEST_F(ServerTest, RefusesMessagesAboveItsLimit) {
  options_.max_receive_bytes = 1000;
  const auto server = StartServer();
  const auto stub = pb::CommentService::NewStub(ChannelTo(server->port()));
  grpc::ClientContext ctx;
  pb::Comment comment;
  pb::GetCommentRequest request;
  request.set_comment_id(std::string(2000, 'a'));
  EXPECT_THAT(stub->GetComment(&ctx, request, &comment),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(ServerTest, WithoutAThreadForItACallIsOneThatDidNotArrive) {
  options_.max_threads = 4;
  const auto server = StartServer();
  absl::Notification over;
  comments_.handler = [&](const RequestContext&) {
    over.WaitForNotification();
    return absl::OkStatus();
  };
  const auto stub = pb::CommentService::NewStub(ChannelTo(server->port()));
  std::atomic<int> refused = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back([&] {
      grpc::ClientContext ctx;
      pb::Comment comment;
      const grpc::Status status = stub->GetComment(&ctx, pb::GetCommentRequest(), &comment);
      if (status.ok()) return;
      EXPECT_THAT(NormalizeStatus(status), StatusIs(absl::StatusCode::kUnavailable));
      if (++refused == 10) over.Notify();
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_GE(refused, 10);
}

TEST_F(ServerTest, ReflectsOnlyWhereItIsWanted) {
  for (const bool wanted : {false, true}) {
    options_.reflection = wanted;
    const auto server = StartServer();
    std::string response;
    // An empty request over a stream of one: known, but not understood.
    const grpc::Status status = CallRaw(ChannelTo(server->port()), kReflection, "", &response);
    EXPECT_EQ(status.error_code() == grpc::StatusCode::UNIMPLEMENTED, !wanted)
        << status.error_message();
  }
}

TEST_F(ServerTest, DoesNotShareItsPort) {
  const auto server = StartServer();
  options_.address = "127.0.0.1:" + std::to_string(server->port());
  EXPECT_THAT(Server::Start(options_, {&comments_}, metrics()).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, DoesNotStartAtAnAddressThatIsNone) {
  options_.address = "not an address";
  EXPECT_THAT(Server::Start(options_, {&comments_}, metrics()).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, ServesMetricsAtTheAdminAddress) {
  metrics().Counter(kPublished).Increment();
  const int port = FreePort();
  options_.admin_address = "127.0.0.1:" + std::to_string(port);
  const auto server = StartServer();
  EXPECT_THAT(HttpGet(port, "/metrics"), HasSubstr("posts_published_total 1"));
  EXPECT_THAT(HttpGet(port, "/"), HasSubstr("404"));
  // The same address again is an error, not an exception.
  EXPECT_THAT(Server::Start(options_, {&comments_}, metrics()).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, FinishesWhatRunsWhenItShutsDown) {
  const auto server = StartServer();
  std::promise<void> begun, may_end;
  comments_.handler = [&](const RequestContext&) {
    begun.set_value();
    may_end.get_future().wait();
    return absl::OkStatus();
  };
  grpc::Status status;
  std::thread client([&, port = server->port()] {
    const auto stub = pb::CommentService::NewStub(ChannelTo(port));
    grpc::ClientContext ctx;
    pb::Comment comment;
    status = stub->GetComment(&ctx, pb::GetCommentRequest(), &comment);
  });
  begun.get_future().wait();
  std::thread stopping([&] { server->Shutdown(); });
  may_end.set_value();
  stopping.join();
  client.join();
  EXPECT_THAT(status, IsOk());
  server->Shutdown();  // again does nothing
}

TEST_F(ServerTest, CancelsWhatOutlastsTheDrain) {
  options_.drain = absl::Milliseconds(50);
  const auto server = StartServer();
  std::promise<void> begun;
  comments_.handler = [&](const RequestContext&) {
    begun.set_value();
    const absl::Time end = absl::Now() + absl::Seconds(10);
    while (!static_cast<grpc::ServerContext*>(comments_.context.load())->IsCancelled() &&
           absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    return absl::OkStatus();
  };
  grpc::Status status;
  std::thread client([&, port = server->port()] {
    const auto stub = pb::CommentService::NewStub(ChannelTo(port));
    grpc::ClientContext ctx;
    pb::Comment comment;
    status = stub->GetComment(&ctx, pb::GetCommentRequest(), &comment);
  });
  begun.get_future().wait();
  server->Shutdown();
  client.join();
  EXPECT_FALSE(status.ok());
  // Which stands for what was not begun, and would be tried anew.
  EXPECT_NE(status.error_code(), grpc::StatusCode::CANCELLED);
}

// In a process of its own: signals and their masks are of the whole process.
using ServerDeathTest = ServerTest;

[[noreturn]] void RunUntilSignal(const std::string& signals, ServerOptions options,
                                 grpc::Service* service, Metrics& metrics) {
  BlockStopSignals();
  const auto server = *Server::Start(options, {service}, metrics);
  const auto channel = ChannelTo(server->port());
  int asked = 0;
  ServeUntilStopped(*server, [&] {
    // Ready from the second time on; the signal comes at the third.
    if (++asked == 3) {
      if (Health(channel, "") != "SERVING") _exit(10);
      raise(SIGTERM);
    }
    return asked > 1;
  });
  if (signals == "twice") raise(SIGTERM);
  server->Shutdown();
  _exit(0);
}

TEST_F(ServerDeathTest, WaitsForASignalAndKeepsReadinessMeanwhile) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(RunUntilSignal("once", options_, &comments_, metrics()), testing::ExitedWithCode(0),
              "");
}

TEST_F(ServerDeathTest, EndsAtOnceOnASecondSignal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(RunUntilSignal("twice", options_, &comments_, metrics()),
              testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace rostrum
