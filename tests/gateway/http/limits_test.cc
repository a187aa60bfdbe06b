// What slow, greedy and silent clients can do.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/gateway/http/server_fixture.h"

namespace rostrum::http {
namespace {

using testing::ClientHeaders;
using testing::ClientResponse;
using testing::RawConnection;

constexpr char kPostHead[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";

class TimeoutTest : public ServerTest {
 protected:
  // Longer than a busy machine stops a test.
  TimeoutTest() {
    options_.head_timeout = absl::Milliseconds(1500);
    options_.body_timeout = absl::Milliseconds(1500);
    options_.idle_timeout = absl::Milliseconds(1500);
    options_.write_timeout = absl::Milliseconds(1500);
    options_.min_bytes_per_second = 1'000'000'000;
    options_.clients_to_fill_memory = 1;  // for the large answer
  }
};

TEST_F(TimeoutTest, ASilentConnectionIsClosed) {
  RawConnection connection = Connect();
  EXPECT_TRUE(connection.Closed());
}

TEST_F(TimeoutTest, ASlowHeadIsCutOff) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send("GET /hello HTTP/1.1\r\nHost: "));
  const auto response = connection.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 408);
  EXPECT_EQ(connection.ReadAll(), "");
  EXPECT_EQ(handler_.total(), 0);
}

TEST_F(TimeoutTest, AHeadThatTricklesIsCutOffAllTheSame) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send("GET /hello HTTP/1.1\r\nHost: a\r\n"));
  // The server gives it up however often a byte comes.
  EXPECT_TRUE(Eventually([&] {
    connection.Send("X");
    return observer_.requests_refused == 1;
  }));
}

TEST_F(TimeoutTest, ASlowBodyIsCutOff) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(absl::StrCat(kPostHead, "hel")));
  EXPECT_EQ(connection.Read()->status, 408);
  EXPECT_EQ(handler_.total(), 0);
}

TEST_F(TimeoutTest, AnIdleConnectionIsClosedWithoutAWord) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/hello")));
  ASSERT_TRUE(connection.Read().has_value());
  EXPECT_EQ(connection.ReadAll(), "");
  EXPECT_EQ(observer_.requests_refused, 0);
}

TEST_F(TimeoutTest, AReaderThatDoesNotReadIsCutOff) {
  RawConnection connection = Connect();
  connection.ShrinkReceiveBuffer();
  ASSERT_TRUE(connection.Send(Get("/big")));
  EXPECT_TRUE(Eventually([&] { return observer_.done_incomplete == 1; }));
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(TimeoutTest, AStreamThatIsNotReadIsCutOff) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/endless")));
  EXPECT_TRUE(Eventually([&] { return handler_.streams_ended() == 1; }));
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(TimeoutTest, AHandlerMayTakeLongerThanAnyOfThem) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/hold")));
  RawConnection other = Connect();
  EXPECT_TRUE(other.Closed()) << "the time passes";
  handler_.Release();
  EXPECT_EQ(connection.Read()->body, "released");
}

TEST_F(ServerTest, ABodyMayTakeLongerIfItKeepsComing) {
  options_.body_timeout = absl::Milliseconds(1500);
  options_.min_bytes_per_second = 1;
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n"));
  RawConnection silent = Connect();
  ASSERT_TRUE(silent.Send(kPostHead));
  size_t left = 10'000;
  ASSERT_TRUE(Eventually([&] {
    left -= connection.Send("x") ? 1 : 0;
    return observer_.requests_refused == 1;
  }));
  EXPECT_EQ(silent.Read()->status, 408);
  ASSERT_TRUE(connection.Send(std::string(left, 'x')));
  EXPECT_EQ(connection.Read()->body.size(), 10'000u);
}

TEST_F(ServerTest, ABodyThatCameFastMayNotRest) {
  options_.body_timeout = absl::Milliseconds(1500);
  options_.min_bytes_per_second = 1;  // what has come would do for an hour
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(absl::StrCat(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n", std::string(3999, 'x'))));
  EXPECT_EQ(connection.Read()->status, 408);
}

TEST_F(ServerTest, AClientHoldsOnlyAShareOfTheMemory) {
  options_.trusted_proxies = *CidrList::Parse("127.0.0.1");
  options_.buffered_body_bytes = 400;
  options_.clients_to_fill_memory = 4;
  const ClientHeaders one = {{"X-Forwarded-For", "203.0.113.1"}};
  const ClientHeaders other = {{"X-Forwarded-For", "203.0.113.2"}};
  EXPECT_EQ(Client().Post("/echo", std::string(100, 'x'), one).status, 200);
  EXPECT_EQ(Client().Post("/echo", std::string(101, 'x'), one).status, 503);

  RawConnection stalled = Connect();
  ASSERT_TRUE(
      stalled.Send(absl::StrCat("POST /echo HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.1\r\n"
                                "Content-Length: 100\r\n\r\n",
                                std::string(99, 'x'))));
  EXPECT_TRUE(
      Eventually([&] { return Client().Post("/echo", std::string(50, 'x'), one).status == 503; }));
  EXPECT_EQ(Client().Post("/echo", std::string(100, 'x'), other).status, 200);
  EXPECT_EQ(Client().Post("/echo", std::string(300, 'x')).status, 200)
      << "of the proxy itself, but for the 99";
  ASSERT_TRUE(stalled.Send("x"));
  EXPECT_EQ(stalled.Read()->status, 200);
  EXPECT_EQ(Client().Post("/echo", std::string(50, 'x'), one).status, 200) << "given back";
}

TEST_F(ServerTest, OneHostMayHaveOnlySoManyConnections) {
  options_.max_connections_per_host = 2;
  RawConnection first = Connect();
  RawConnection second = Connect();
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 2; }));
  RawConnection third = Connect();
  const auto refused = third.Read();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->Header("retry-after"), "1");
  EXPECT_EQ(observer_.refused_host, 1);

  ASSERT_TRUE(first.Send(Get("/hello")));
  EXPECT_EQ(first.Read()->status, 200) << "those that are in stay in";
  first.Close();
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 1; }));
  EXPECT_EQ(Client().Get("/hello").status, 200) << "a place has become free";
}

TEST_F(ServerTest, OurProxiesHaveNoLimitOfTheirOwn) {
  options_.max_connections_per_host = 1;
  options_.trusted_proxies = *CidrList::Parse("127.0.0.1");
  RawConnection first = Connect();
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 1; }));
  EXPECT_EQ(Client().Get("/hello").status, 200);
}

TEST_F(ServerTest, AFullServerSaysSo) {
  options_.max_connections = 1;
  RawConnection first = Connect();
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 1; }));
  EXPECT_EQ(Client().Get("/hello").status, 503);
  EXPECT_EQ(observer_.refused_total, 1);
}

TEST_F(ServerTest, WithoutDescriptorsItWaitsAndRecovers) {
  Port();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  RawConnection idle = Connect();
  ASSERT_TRUE(Eventually([&] { return server_->connections() == 1; }));
  // A client whose own descriptor is open before all others are used up.
  const int socket_and_spare = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(socket_and_spare) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  ::close(socket_and_spare);
  RawConnection waiting = Connect();  // takes the last one
  ASSERT_TRUE(waiting.Send(Get("/hello")));
  EXPECT_TRUE(Eventually([&] { return observer_.refused_accept >= 2; }));
  EXPECT_LT(observer_.refused_accept, 50) << "it must not spin";
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  const auto response = waiting.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "hello");
}

}  // namespace
}  // namespace rostrum::http
