#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/common/postgres/pool.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

// Hands bytes on both ways until one side ends.
void Pump(int one, int other) {
  pollfd ends[] = {{.fd = one, .events = POLLIN}, {.fd = other, .events = POLLIN}};
  char bytes[4096];
  while (poll(ends, 2, -1) > 0) {
    for (int i = 0; i < 2; ++i) {
      if (ends[i].revents == 0) continue;
      const ssize_t size = read(ends[i].fd, bytes, sizeof(bytes));
      if (size <= 0 || write(ends[1 - i].fd, bytes, size) != size) return;
    }
  }
}

// The PostgreSQL of the tests, which has a unix socket only, at a TCP port. For one
// connection at a time.
class TcpPort {
 public:
  explicit TcpPort(const std::string& unix_path) : path_(unix_path) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listening_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listening_, 1);
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    number = ntohs(address.sin_port);
    serving_ = std::thread([this] { Serve(); });
  }
  ~TcpPort() {
    shutdown(listening_, SHUT_RDWR);
    serving_.join();
    close(listening_);
  }
  int number = 0;

 private:
  void Serve() {
    for (int client; (client = accept(listening_, nullptr, nullptr)) >= 0; close(client)) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
      const int server = socket(AF_UNIX, SOCK_STREAM, 0);
      if (connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
        Pump(client, server);
      }
      close(server);
    }
  }

  const std::string path_;
  const int listening_ = socket(AF_INET, SOCK_STREAM, 0);
  std::thread serving_;
};

class ConnectionSettingsTest : public testing::Test {
 protected:
  std::string Show(const std::string& setting) {
    pqxx::connection connection(database_.url);
    return pqxx::nontransaction(connection).exec1("SHOW " + setting)[0].as<std::string>();
  }
  static int Option(const pqxx::connection& connection, int level, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    EXPECT_EQ(getsockopt(connection.sock(), level, name, &value, &size), 0);
    return value;
  }
  // "keepalive idle interval count user-timeout" of a connection.
  static std::string Of(const std::string& url) {
    const auto connection = OpenConnection({.url = url});
    return absl::StrCat(Option(*connection, SOL_SOCKET, SO_KEEPALIVE), " ",
                        Option(*connection, IPPROTO_TCP, TCP_KEEPIDLE), " ",
                        Option(*connection, IPPROTO_TCP, TCP_KEEPINTVL), " ",
                        Option(*connection, IPPROTO_TCP, TCP_KEEPCNT), " ",
                        Option(*connection, IPPROTO_TCP, TCP_USER_TIMEOUT));
  }

  TestDatabase database_{{}};
  TcpPort port_{absl::StrCat(Show("unix_socket_directories"), "/.s.PGSQL.", Show("port"))};
  const std::string at_ =
      absl::StrCat("postgresql://postgres@127.0.0.1:", port_.number, "/postgres");
};

TEST_F(ConnectionSettingsTest, NoticesAMachineThatIsGone) {
  EXPECT_EQ(Of(at_), "1 5 2 3 8000");
  EXPECT_EQ(Of(at_ + "?"), "1 5 2 3 8000");
  EXPECT_EQ(Of(at_ + "?application_name=a"), "1 5 2 3 8000");
  EXPECT_EQ(Of(absl::StrCat("host=127.0.0.1 user=postgres dbname=postgres port=", port_.number)),
            "1 5 2 3 8000");
}

TEST_F(ConnectionSettingsTest, TheUrlHasTheLastWord) {
  EXPECT_EQ(Of(at_ + "?tcp_user_timeout=1234&keepalives_idle=60"), "1 60 2 3 1234");
  EXPECT_EQ(
      Of(absl::StrCat("host=127.0.0.1 user=postgres dbname=postgres keepalives_count = 7 port=",
                      port_.number)),
      "1 5 2 7 8000");
}

TEST_F(ConnectionSettingsTest, APasswordMayHoldAQuestionMark) {
  EXPECT_EQ(Of(absl::StrCat("postgresql://postgres:a?b&c@127.0.0.1:", port_.number, "/postgres")),
            "1 5 2 3 8000");
}

}  // namespace
}  // namespace rostrum
