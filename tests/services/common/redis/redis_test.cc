#include "services/common/redis/redis.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/redis_server.h"

namespace rostrum {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// For what a busy machine may let wait.
constexpr absl::Duration kPatient = absl::Seconds(10);

class RedisTest : public ::testing::Test {
 protected:
  // As every binary does (signals.h): hiredis writes to sockets that are gone.
  RedisTest() { std::signal(SIGPIPE, SIG_IGN); }

  // Until Redis serves again after an outage.
  bool Recovers() {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (absl::Now() < deadline) {
      if (redis_.Ping()) return true;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return false;
  }

  TestRedis test_;
  Redis& redis_ = test_.redis;
};

TEST_F(RedisTest, ReadsEveryKindOfReply) {
  const auto type = [&](const std::vector<std::string>& command) {
    return redis_.Command(command).value().type;
  };
  EXPECT_EQ(type({"SET", "key", "7"}), RedisReply::Type::kStatus);
  EXPECT_EQ(type({"GET", "key"}), RedisReply::Type::kString);
  EXPECT_EQ(type({"GET", "none"}), RedisReply::Type::kNil);
  EXPECT_EQ(redis_.Command({"INCRBY", "key", "-10"})->integer, -3);
  const RedisReply reply =
      redis_.Command({"EVAL", "return {1, 'two', {3, false}, redis.status_reply('FINE')}", "0"})
          .value();
  ASSERT_EQ(reply.type, RedisReply::Type::kArray);
  ASSERT_THAT(reply.elements, SizeIs(4));
  EXPECT_EQ(reply.elements[0].integer, 1);
  EXPECT_EQ(reply.elements[1].text, "two");
  ASSERT_THAT(reply.elements[2].elements, SizeIs(2));
  EXPECT_EQ(reply.elements[2].elements[0].integer, 3);
  EXPECT_TRUE(reply.elements[2].elements[1].IsNil());
  EXPECT_EQ(reply.elements[3].text, "FINE");
}

TEST_F(RedisTest, KeepsEveryByte) {
  std::string bytes = "%s %b \r\n$-1\r\n";
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  ASSERT_THAT(redis_.Command({"SET", bytes, bytes}), IsOk());
  EXPECT_EQ(redis_.Command({"GET", bytes})->text, bytes);
  EXPECT_EQ(redis_.Command({"STRLEN", bytes})->integer, static_cast<int64_t>(bytes.size()));
  ASSERT_THAT(redis_.Command({"SET", "", ""}), IsOk());
  EXPECT_EQ(redis_.Command({"GET", ""})->type, RedisReply::Type::kString);
}

TEST_F(RedisTest, AnErrorReplyIsInternalAndTheConnectionStaysGood) {
  ASSERT_THAT(redis_.Command({"SET", "key", "text"}), IsOk());
  const absl::Status status = redis_.Command({"INCR", "key"}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(std::string(status.message()), HasSubstr("not an integer"));
  EXPECT_EQ(redis_.Command({"GET", "key"})->text, "text");
}

TEST_F(RedisTest, APipelineAnswersInOrder) {
  std::vector<std::vector<std::string>> commands;
  for (int i = 0; i < 1000; ++i) commands.push_back({"INCR", "counter"});
  const auto replies = redis_.Pipeline(commands);
  ASSERT_THAT(replies, IsOk());
  ASSERT_THAT(*replies, SizeIs(1000));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ((*replies)[i].integer, i + 1);
  EXPECT_THAT(redis_.Pipeline({}).value(), SizeIs(0));
}

TEST_F(RedisTest, AnErrorInAPipelineFailsTheWholeAndLeavesNothingUnread) {
  const absl::Status failed =
      redis_.Pipeline({{"SET", "a", "text"}, {"INCR", "a"}, {"SET", "b", "1"}, {"NOSUCH"}})
          .status();
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kInternal));
  EXPECT_TRUE(Redis::MayHaveHappened(failed));
  EXPECT_EQ(redis_.Command({"GET", "a"})->text, "text");
  EXPECT_EQ(redis_.Command({"GET", "b"})->text, "1");
}

TEST_F(RedisTest, TellsWhetherSomeOfWhatWasRefusedHappened) {
  ASSERT_THAT(redis_.Command({"CONFIG", "SET", "maxmemory", "1"}), IsOk());
  const absl::Status all = redis_.Pipeline({{"SET", "a", "1"}, {"SET", "b", "1"}}).status();
  EXPECT_THAT(all, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Redis::MayHaveHappened(all));
  const absl::Status rest = redis_.Pipeline({{"DEL", "a"}, {"SET", "b", "1"}}).status();
  EXPECT_THAT(rest, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(Redis::MayHaveHappened(rest));
  ASSERT_THAT(redis_.Command({"CONFIG", "SET", "maxmemory", "0"}), IsOk());
}

TEST_F(RedisTest, ServesManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) EXPECT_THAT(redis_.Command({"INCR", "counter"}), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(redis_.Command({"GET", "counter"})->text, "800");
}

TEST_F(RedisTest, MeasuresCommands) {
  ASSERT_THAT(redis_.Command({"GET", "key"}), IsOk());
  EXPECT_THAT(test_.metrics.Expose(),
              HasSubstr("redis_command_duration_seconds_count{command=\"GET\"} 1"));
}

TEST_F(RedisTest, RunsAScriptWithKeysAndArguments) {
  const RedisScript script("return {KEYS[1], KEYS[2], ARGV[1]}");
  for (int i = 0; i < 2; ++i) {
    const auto reply = script.Run(redis_, {"a", "b"}, {std::string("x\0y", 3)});
    ASSERT_THAT(reply, IsOk());
    ASSERT_THAT(reply->elements, SizeIs(3));
    EXPECT_EQ(reply->elements[1].text, "b");
    EXPECT_EQ(reply->elements[2].text, std::string("x\0y", 3));
  }
}

TEST_F(RedisTest, RunsAScriptThatRedisForgot) {
  const RedisScript script("return redis.call('INCR', KEYS[1])");
  EXPECT_EQ(script.Run(redis_, {"key"}, {})->integer, 1);
  ASSERT_THAT(redis_.Command({"SCRIPT", "FLUSH"}), IsOk());
  EXPECT_EQ(script.Run(redis_, {"key"}, {})->integer, 2);
  EXPECT_EQ(script.Run(redis_, {"key"}, {})->integer, 3);
}

TEST_F(RedisTest, RunsAScriptForManyInOrderAlsoWhenRedisForgotIt) {
  const RedisScript script("return {redis.call('INCR', KEYS[1]), ARGV[1]}");
  EXPECT_THAT(*script.RunAll(redis_, {}), SizeIs(0));
  for (int64_t first : {1, 3}) {
    const auto replies = script.RunAll(redis_, {{.keys = {"key"}, .arguments = {"a"}},
                                                {.keys = {"key"}, .arguments = {"b"}},
                                                {.keys = {"other"}, .arguments = {"c"}}});
    ASSERT_THAT(replies, IsOk());
    ASSERT_THAT(*replies, SizeIs(3));
    EXPECT_EQ((*replies)[0].elements[0].integer, first);
    EXPECT_EQ((*replies)[1].elements[0].integer, first + 1);
    EXPECT_EQ((*replies)[2].elements[1].text, "c");
    ASSERT_THAT(redis_.Command({"SCRIPT", "FLUSH"}), IsOk());
  }
}

// The nodes of a Redis Cluster do not share scripts.
TEST_F(RedisTest, SendsAScriptToEachHashTag) {
  const RedisScript script("return redis.call('INCR', KEYS[1])");
  ASSERT_THAT(script.RunAll(redis_, {{.keys = {"{a}:x"}},
                                     {.keys = {"{b}:x"}},
                                     {.keys = {"{a}:y"}},
                                     {.keys = {"{b}:y"}},
                                     {.keys = {"{}:x"}},
                                     {.keys = {"plain"}}}),
              IsOk());
  const std::string sent = redis_.Command({"INFO", "commandstats"})->text;
  EXPECT_THAT(sent, HasSubstr("cmdstat_eval:calls=4,"));
  EXPECT_THAT(sent, HasSubstr("cmdstat_evalsha:calls=2,"));
}

TEST_F(RedisTest, AScriptThatFailsIsInternal) {
  EXPECT_THAT(RedisScript("not lua").Run(redis_, {}, {}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(RedisScript("return redis.call('NOSUCH')").Run(redis_, {}, {}),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(RedisTest, IsUnavailableWhileAwayAndRecovers) {
  const RedisScript script("return redis.call('INCR', KEYS[1])");
  EXPECT_EQ(script.Run(redis_, {"key"}, {})->integer, 1);
  test_.server.Stop();
  EXPECT_THAT(redis_.Command({"GET", "key"}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(redis_.Pipeline({{"GET", "key"}, {"GET", "key"}}),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(script.Run(redis_, {"key"}, {}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(redis_.Ping());
  const std::string figures = test_.metrics.Expose();
  EXPECT_THAT(figures, HasSubstr("redis_command_failures_total{command=\"GET\"} 2"));
  EXPECT_THAT(figures, HasSubstr("redis_command_failures_total{command=\"PING\"} 1"));
  test_.server.Start();
  ASSERT_TRUE(Recovers());
  EXPECT_EQ(script.Run(redis_, {"key"}, {})->integer, 1);
}

TEST_F(RedisTest, ARestartBetweenTwoCommandsIsNotNoticed) {
  // Long cool-down: what failed once would go on failing.
  Redis redis({.url = test_.server.url(), .command_timeout = kPatient, .cool_down = absl::Hours(1)},
              test_.metrics);
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(redis.Command({"SET", "key", "value"}), IsOk());
    test_.server.Stop();
    test_.server.Start();
  }
  EXPECT_THAT(redis.Command({"GET", "key"}), IsOk());
}

// A server that answers +OK to `answered` commands of each connection, and takes one more
// before it closes it.
class ClosingServer {
 public:
  explicit ClosingServer(int answered) : answered_(answered) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listening_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listening_, 8);
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = absl::StrCat("redis://127.0.0.1:", ntohs(address.sin_port));
    serving_ = std::thread([this] { Serve(); });
  }
  ~ClosingServer() {
    shutdown(listening_, SHUT_RDWR);
    serving_.join();
    close(listening_);
  }
  const std::string& url() const { return url_; }
  // Commands that came.
  int received() const { return received_; }

 private:
  void Serve() {
    for (int client; (client = accept(listening_, nullptr, nullptr)) >= 0; close(client)) {
      char command[4096];  // short ones come in one piece
      for (int n = 0; read(client, command, sizeof(command)) > 0; ++n) {
        ++received_;
        if (n == answered_) break;
        EXPECT_EQ(write(client, "+OK\r\n", 5), 5);
      }
    }
  }

  const int answered_;
  const int listening_ = socket(AF_INET, SOCK_STREAM, 0);
  std::string url_;
  std::atomic<int> received_ = 0;
  std::thread serving_;
};

TEST_F(RedisTest, WhatWasSentIsNeverSentAgain) {
  const ClosingServer server(1);
  Redis redis({.url = server.url(), .command_timeout = kPatient}, test_.metrics);
  ASSERT_THAT(redis.Command({"SET", "key", "value"}), IsOk());
  // On the connection that was kept.
  const absl::Status status = redis.Command({"INCR", "key"}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(Redis::MayHaveHappened(status));
  EXPECT_EQ(server.received(), 2);
}

TEST_F(RedisTest, AScriptHasNotRunThatRedisDidNotGet) {
  const ClosingServer server(0);
  Redis redis({.url = server.url(), .command_timeout = kPatient}, test_.metrics);
  const absl::Status status = RedisScript("return 1").Run(redis, {}, {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Redis::MayHaveHappened(status));
}

TEST_F(RedisTest, DoesNotTryAgainBeforeTheCoolDownIsOver) {
  Redis patient({.url = test_.server.url(), .cool_down = absl::Hours(1)}, test_.metrics);
  test_.server.Stop();
  EXPECT_FALSE(patient.Ping());
  test_.server.Start();
  EXPECT_THAT(patient.Command({"GET", "key"}), StatusIs(absl::StatusCode::kUnavailable));
  // One that has not met the outage is served.
  ASSERT_TRUE(Recovers());
}

// A Redis that hangs: connections are made, and nothing answers.
TEST_F(RedisTest, OnlyOneCallTriesARedisThatIsAway) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listening, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listening, 64), 0);
  getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  constexpr absl::Duration kCoolDown = absl::Milliseconds(50);
  Redis redis({.url = absl::StrCat("redis://127.0.0.1:", ntohs(address.sin_port)),
               .command_timeout = absl::Seconds(3),
               .cool_down = kCoolDown},
              test_.metrics);
  EXPECT_FALSE(redis.Ping());
  absl::SleepFor(2 * kCoolDown);
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) callers.emplace_back([&] { EXPECT_FALSE(redis.Ping()); });
  for (std::thread& caller : callers) caller.join();
  int connections = 0;
  for (int client; (client = accept(listening, nullptr, nullptr)) >= 0; close(client)) {
    ++connections;
  }
  close(listening);
  EXPECT_EQ(connections, 2);
}

TEST_F(RedisTest, WithoutAPlaceForAnotherClientItIsAway) {
  ASSERT_THAT(redis_.Command({"CONFIG", "SET", "maxclients", "1"}), IsOk());
  Redis another({.url = test_.server.url()}, test_.metrics);
  EXPECT_THAT(another.Command({"GET", "key"}), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RedisTest, GivesUpOnARedisThatDoesNotAnswer) {
  // Longer than the command's time, which is what ends the wait.
  Redis redis({.url = test_.server.url(), .command_timeout = absl::Milliseconds(50)},
              test_.metrics);
  EXPECT_THAT(redis.Command({"BLPOP", "nothing", "3600"}),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RedisTest, ARefusalToServeIsUnavailable) {
  ASSERT_THAT(redis_.Command({"CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1"}),
              IsOk());
  EXPECT_THAT(redis_.Command({"SET", "key", "value"}), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(redis_.Command({"CONFIG", "SET", "maxmemory", "0"}), IsOk());
  EXPECT_THAT(redis_.Command({"SET", "key", "value"}), IsOk());
}

// One address, at which a failover puts another server; the former primary lives on.
TEST_F(RedisTest, AfterAFailoverTheNewPrimaryIsLookedUp) {
  RedisServer promoted;
  const std::string address = NewTemporaryFolder() + "/primary";
  const auto point_at = [&](const RedisServer& server) {
    std::filesystem::remove(address);
    std::filesystem::create_symlink(server.url().substr(sizeof("unix:") - 1), address);
  };
  point_at(test_.server);
  Redis redis(
      {.url = "unix:" + address, .command_timeout = kPatient, .cool_down = absl::ZeroDuration()},
      test_.metrics);
  const RedisScript script("return redis.call('INCR', KEYS[1])");
  ASSERT_EQ(script.Run(redis, {"key"}, {})->integer, 1);
  ASSERT_THAT(redis_.Command({"REPLICAOF", "127.0.0.1", "1"}), IsOk());
  point_at(promoted);
  const absl::Status refused = script.Run(redis, {"key"}, {}).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Redis::MayHaveHappened(refused));
  const auto served = script.Run(redis, {"key"}, {});
  ASSERT_THAT(served, IsOk());
  EXPECT_EQ(served->integer, 1) << "the new primary has not counted yet";
}

TEST_F(RedisTest, SaysUnavailableWithTheWrongPassword) {
  ASSERT_THAT(redis_.Command({"CONFIG", "SET", "requirepass", "secret"}), IsOk());
  Redis stranger({.url = test_.server.url()}, test_.metrics);
  EXPECT_THAT(stranger.Command({"GET", "key"}), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(RedisAddressTest, AMalformedUrlIsAnError) {
  Metrics metrics;
  Redis redis({.url = "nonsense"}, metrics);
  EXPECT_THAT(redis.Command({"PING"}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RedisAddressTest, NobodyListeningIsUnavailable) {
  Metrics metrics;
  Redis redis({.url = "unix:/nonexistent/socket"}, metrics);
  EXPECT_THAT(redis.Command({"PING"}), StatusIs(absl::StatusCode::kUnavailable));
  Redis by_port({.url = "redis://127.0.0.1:1"}, metrics);
  EXPECT_THAT(by_port.Command({"PING"}), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum
