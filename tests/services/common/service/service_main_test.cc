#include "services/common/service/service_main.h"

#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "rostrum/event/v1/event_service.grpc.pb.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/identity.h"
#include "tests/services/common/postgres/hanging_postgres.h"
#include "tests/services/common/service/service_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/child_process.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kComments[] = "rostrum.comment.v1.CommentService";

absl::Time Soon() { return absl::Now() + absl::Minutes(1); }

TEST(ServiceMainTest, HelpTellsCommandsAndSettings) {
  // Nothing is set, and nothing needs to be.
  ServiceProcess process({ROSTRUM_COMMENT, "--help"}, {});
  EXPECT_EQ(process.Wait(), 0);
  for (const char* text : {"migrate", "settings", "PG_URL", "IDENTITY_KEY", "PAGE_TOKEN_SECRET",
                           "LISTEN", "0.0.0.0:50055", "DRAIN_TIMEOUT", "CONTENT_TARGET", "_FILE"}) {
    EXPECT_THAT(process.Output(), HasSubstr(text));
  }
  EXPECT_EQ(process.Errors(), "");
}

TEST(ServiceMainTest, SettingsAreJson) {
  ServiceProcess process({ROSTRUM_COMMENT, "settings"}, {{"PG_POOL", "nonsense"}});
  EXPECT_EQ(process.Wait(), 0);
  const nlohmann::json settings = nlohmann::json::parse(process.Output());
  std::map<std::string, nlohmann::json> by_name;
  for (const nlohmann::json& setting : settings) {
    EXPECT_NE(setting.at("meaning"), "");
    EXPECT_TRUE(by_name.emplace(setting.at("name"), setting).second) << setting;
  }
  EXPECT_EQ(by_name.at("PG_POOL")["default"], "16");
  EXPECT_EQ(by_name.at("PG_POOL")["required"], false);
  EXPECT_EQ(by_name.at("PG_URL")["required"], true);
  EXPECT_EQ(by_name.at("PG_URL")["secret"], true);
  EXPECT_TRUE(by_name.contains("CONTENT_TARGET"));
}

TEST(ServiceMainTest, OneErrorNamesEveryBadSetting) {
  ServiceProcess process({ROSTRUM_COMMENT}, {{"PG_POOL", "many"},
                                             {"DRAIN_TIMEOUT", "-1s"},
                                             {"LOG_LEVEL", "loud"},
                                             {"REFLECTION", "maybe"},
                                             {"PAGE_TOKEN_SECRET", "do-not-tell"},
                                             {"IDENTITY_KEY_FILE", "/nonexistent/key"}});
  EXPECT_EQ(process.Wait(), 1);
  for (const char* name : {"PG_URL", "PG_POOL", "DRAIN_TIMEOUT", "LOG_LEVEL", "REFLECTION",
                           "PAGE_TOKEN_SECRET", "IDENTITY_KEY_FILE", "IDENTITY_KEYRING_FILE",
                           "REDIS_CACHE_URL", "CONTENT_TARGET", "FEED_TARGET", "ACCOUNT_TARGET"}) {
    EXPECT_THAT(process.Errors(), HasSubstr(name));
  }
  EXPECT_THAT(process.Errors(), Not(HasSubstr("do-not-tell")));
}

TEST(ServiceMainTest, RefusesUnknownArguments) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{ROSTRUM_COMMENT, "serve"}, {ROSTRUM_COMMENT, "migrate", "now"}}) {
    ServiceProcess process(command, {});
    EXPECT_EQ(process.Wait(), 2);
    EXPECT_THAT(process.Errors(), HasSubstr("--help"));
  }
}

// A database of its own and keys of all services; nothing else runs.
class RunningServiceTest : public ::testing::Test {
 protected:
  RunningServiceTest() : keys_(NewTemporaryFolder()), database_({}) {
    RunToEnd({ROSTRUM_KEYS, keys_});
    environment_ = {{"PG_URL", database_.url},
                    {"LISTEN", "127.0.0.1:0"},
                    {"IDENTITY_KEYRING_FILE", keys_ + "/keyring.json"},
                    {"IDENTITY_KEY_FILE", keys_ + "/comment.key.json"},
                    {"PAGE_TOKEN_SECRET", std::string(32, 's')},
                    {"REDIS_CACHE_URL", "unix:/nonexistent/redis"},
                    {"CONTENT_TARGET", "127.0.0.1:1"},
                    {"FEED_TARGET", "127.0.0.1:1"},
                    {"ACCOUNT_TARGET", "127.0.0.1:1"}};
  }

  int MigrateIt() { return ServiceProcess({ROSTRUM_COMMENT, "migrate"}, environment_).Wait(); }
  bool Migrated() {
    pqxx::connection connection(database_.url);
    pqxx::nontransaction session(connection);
    return session.exec1("SELECT to_regclass('outbox') IS NOT NULL")[0].as<bool>();
  }

  static bool BecomesUnhealthy(int port) {
    const absl::Time deadline = Soon();
    while (IsHealthy(port, "") && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(50));
    return !IsHealthy(port, "");
  }

  const std::string keys_;
  TestDatabase database_;
  Environment environment_;
};

TEST_F(RunningServiceTest, MigratesAndDoesNothingTheSecondTime) {
  EXPECT_EQ(MigrateIt(), 0);
  EXPECT_TRUE(Migrated());
  ServiceProcess again({ROSTRUM_COMMENT, "migrate"}, {{"PG_URL", database_.url}});
  EXPECT_EQ(again.Wait(), 0);
  EXPECT_THAT(again.Errors(), HasSubstr("\"applied\":0"));
}

TEST_F(RunningServiceTest, MigratingEndsAtOnceWhenItIsToldToStop) {
  pqxx::connection other(database_.url);
  pqxx::nontransaction migrating(other);
  migrating.exec("SELECT pg_advisory_lock(7206121)");  // as another process that migrates
  ServiceProcess process({ROSTRUM_COMMENT, "migrate"}, environment_);
  const absl::Time deadline = Soon();
  while (!absl::StrContains(process.Errors(), "waiting for it") && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_THAT(process.Errors(), HasSubstr("another process migrates"));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), -1);  // by the signal
  EXPECT_FALSE(Migrated());
}

TEST_F(RunningServiceTest, MigratingFailsWithoutADatabase) {
  environment_["PG_URL"] = "postgresql:///nowhere?host=/nonexistent&user=nobody";
  EXPECT_EQ(MigrateIt(), 1);
}

TEST_F(RunningServiceTest, ServesOnceTheSchemaIsThere) {
  ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  const int port = process.Port();
  ASSERT_NE(port, 0) << process.Errors();
  EXPECT_FALSE(IsHealthy(port, ""));
  ASSERT_EQ(MigrateIt(), 0);
  EXPECT_TRUE(BecomesHealthy(port, "", Soon())) << process.Errors();
  EXPECT_TRUE(BecomesHealthy(port, kComments, Soon()));
  EXPECT_FALSE(IsHealthy(port, "no.such.Service"));

  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.Errors(), HasSubstr("stopped"));
}

TEST_F(RunningServiceTest, StopsBeforeItEverServed) {
  ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  ASSERT_NE(process.Port(), 0) << process.Errors();
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 0);
}

TEST_F(RunningServiceTest, EndsStreamsAndExitsWithZeroAfterSigterm) {
  ASSERT_EQ(MigrateIt(), 0);
  ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  const int port = process.Port();
  ASSERT_TRUE(BecomesHealthy(port, kComments, Soon())) << process.Errors();

  SystemClock clock;
  std::ifstream key(keys_ + "/feed.key.json");
  const IdentitySigner signer =
      IdentitySigner::Parse(std::string(std::istreambuf_iterator<char>(key), {}), clock).value();
  const auto stub = event::v1::EventService::NewStub(ChannelTo(port));
  grpc::ClientContext context;
  context.AddMetadata(kIdentityKey, signer.SignSelf("comment"));
  const auto reader = stub->PullEvents(&context, event::v1::PullEventsRequest());
  // An event that the stream brings shows that the call runs.
  pqxx::connection connection(database_.url);
  pqxx::nontransaction(connection)
      .exec(
          "INSERT INTO outbox (event_id, type, key, payload, create_time)"
          " VALUES (gen_random_uuid(), 'x', 'k', '', now())");
  event::v1::PullEventsResponse batch;
  ASSERT_TRUE(reader->Read(&batch));
  EXPECT_EQ(batch.events_size(), 1);

  process.Signal(SIGTERM);
  EXPECT_FALSE(reader->Read(&batch));
  EXPECT_THAT(reader->Finish(), IsOk());
  EXPECT_EQ(process.Wait(), 0);
}

TEST_F(RunningServiceTest, IsNotReadyWhileTheDatabaseIsAway) {
  ASSERT_EQ(MigrateIt(), 0);
  const std::string name = database_.url.substr(0, database_.url.find('?'));
  const std::string database = name.substr(name.rfind('/') + 1);
  ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  const int port = process.Port();
  ASSERT_TRUE(BecomesHealthy(port, "", Soon())) << process.Errors();
  PostgresServer::Get().Execute("ALTER DATABASE " + database + " ALLOW_CONNECTIONS false");
  PostgresServer::Get().Execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + database + "'");
  EXPECT_TRUE(BecomesUnhealthy(port));
  PostgresServer::Get().Execute("ALTER DATABASE " + database + " ALLOW_CONNECTIONS true");
  EXPECT_TRUE(BecomesHealthy(port, "", Soon()));
}

TEST_F(RunningServiceTest, IsNotReadyWhileTheDatabaseHangsAndStopsAllTheSame) {
  ASSERT_EQ(MigrateIt(), 0);
  ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  const int port = process.Port();
  ASSERT_TRUE(BecomesHealthy(port, "", Soon())) << process.Errors();
  {
    const HangingPostgres hanging(database_.url);
    EXPECT_TRUE(BecomesUnhealthy(port)) << process.Errors();
  }
  EXPECT_TRUE(BecomesHealthy(port, "", Soon())) << process.Errors();
  const HangingPostgres hanging(database_.url);
  EXPECT_TRUE(BecomesUnhealthy(port)) << process.Errors();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0) << process.Errors();
}

TEST_F(RunningServiceTest, StopsWhileTheDatabaseHangsThatItWaitsFor) {
  ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  const absl::Time deadline = Soon();
  // It has a connection then, and asks again and again.
  while (process.Errors().find("waiting for the schema") == std::string::npos &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(50));
  }
  const HangingPostgres hanging(database_.url);
  absl::SleepFor(absl::Seconds(2));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0) << process.Errors();
}

TEST_F(RunningServiceTest, OldRequestIdsAreForgottenThoughOldEventsCannotBe) {
  ASSERT_EQ(MigrateIt(), 0);
  pqxx::connection connection(database_.url);
  pqxx::nontransaction session(connection);
  session.exec(
      "ALTER TABLE outbox RENAME TO elsewhere;"
      "INSERT INTO idempotency (caller, method, request_id, request_hash, create_time)"
      " VALUES ('a', 'm', 'r', '', now() - interval '2 days')");
  const ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  const auto kept = [&] { return session.exec1("SELECT count(*) FROM idempotency")[0].as<int>(); };
  const absl::Time deadline = Soon();
  while (kept() > 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(kept(), 0) << process.Errors();
}

TEST_F(RunningServiceTest, RefusesTheKeyOfAnotherService) {
  environment_["IDENTITY_KEY_FILE"] = keys_ + "/feed.key.json";
  ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  EXPECT_EQ(process.Wait(), 1);
  EXPECT_THAT(process.Errors(), HasSubstr("not of comment"));
}

TEST_F(RunningServiceTest, NamesWhatIsWrongWithTheTlsFolder) {
  environment_["TLS_DIR"] = "/nonexistent/tls";
  ServiceProcess process({ROSTRUM_COMMENT}, environment_);
  EXPECT_EQ(process.Wait(), 1);
  EXPECT_THAT(process.Errors(),
              AllOf(HasSubstr("TLS_DIR"), HasSubstr("/nonexistent/tls/tls.crt: No such file")));
}

TEST_F(RunningServiceTest, RefusesAPortThatIsTaken) {
  ServiceProcess first({ROSTRUM_COMMENT}, environment_);
  environment_["LISTEN"] = absl::StrCat("127.0.0.1:", first.Port());
  ServiceProcess second({ROSTRUM_COMMENT}, environment_);
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.Errors(), HasSubstr("cannot listen"));
}

}  // namespace
}  // namespace rostrum
