#include "services/common/postgres/pool.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/log.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/request_context.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<int> BackendPid(PgPool& pool) {
  return RunRead<int>(pool, [](Transaction& tx) -> absl::StatusOr<int> {
    return tx.exec1("SELECT pg_backend_pid()")[0].as<int>();
  });
}

// Ends a server process and waits until it is gone.
void Terminate(int pid) {
  PostgresServer::Get().Execute("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 10000)");
}

class PgPoolTest : public ::testing::Test {
 protected:
  // A pool of one connection.
  PgPool& Small(absl::Duration acquire_timeout = absl::Milliseconds(50)) {
    return small_.emplace(
        PgOptions{.url = database_.url, .pool_size = 1, .acquire_timeout = acquire_timeout},
        metrics_);
  }

  TestDatabase database_{{}};
  Metrics metrics_;
  std::optional<PgPool> small_;
};

TEST_F(PgPoolTest, UsesAConnectionAgain) {
  PgPool& pool = Small();
  EXPECT_EQ(BackendPid(pool).value(), BackendPid(pool).value());
}

TEST_F(PgPoolTest, OpensSessionsInUtcAndWithLimits) {
  const auto setting = [&](const std::string& name) {
    return RunRead<std::string>(database_.pool,
                                [&](Transaction& tx) -> absl::StatusOr<std::string> {
                                  return tx.exec1("SHOW " + name)[0].as<std::string>();
                                })
        .value();
  };
  EXPECT_EQ(setting("TimeZone"), "UTC");
  EXPECT_EQ(setting("statement_timeout"), "5s");
  EXPECT_EQ(setting("lock_timeout"), "3s");
  EXPECT_EQ(setting("idle_in_transaction_session_timeout"), "5s");
}

TEST_F(PgPoolTest, SaysBusyWhenNoneComesFree) {
  PgPool& pool = Small();
  {
    const absl::StatusOr<PgPool::Lease> lease = pool.Acquire();
    ASSERT_THAT(lease.status(), IsOk());
    EXPECT_THAT(metrics_.Expose(), HasSubstr("db_pool_connections{state=\"used\"} 1"));
    const absl::Status status = BackendPid(pool).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
    EXPECT_THAT(status, HasReason("DATABASE_BUSY"));
    EXPECT_EQ(DetailsOf(status).retry_after, absl::Seconds(1));
    EXPECT_TRUE(pool.Ping());
  }
  EXPECT_THAT(BackendPid(pool), IsOk());
  EXPECT_THAT(metrics_.Expose(), HasSubstr("db_pool_connections{state=\"used\"} 0"));
  EXPECT_THAT(metrics_.Expose(), HasSubstr("db_pool_connections{state=\"idle\"} 1"));
}

TEST_F(PgPoolTest, WaitsNoLongerThanTheRequest) {
  PgPool& pool = Small(absl::Hours(1));
  const absl::StatusOr<PgPool::Lease> lease = pool.Acquire();
  ASSERT_THAT(lease.status(), IsOk());
  RequestContext context;
  context.deadline = absl::Now() + absl::Milliseconds(100);
  ScopedRequestContext bound(context);
  EXPECT_THAT(BackendPid(pool), HasReason("DATABASE_BUSY"));
}

TEST_F(PgPoolTest, TellsALostConnectionAndNeverUsesItAgain) {
  PgPool& pool = Small();
  int lost = 0;
  EXPECT_THAT(RunTx(pool,
                    [&](Transaction& tx) -> absl::Status {
                      lost = tx.exec1("SELECT pg_backend_pid()")[0].as<int>();
                      Terminate(lost);
                      tx.exec("SELECT 1");
                      return absl::OkStatus();
                    }),
              StatusIs(absl::StatusCode::kUnavailable));
  const absl::StatusOr<int> pid = BackendPid(pool);
  ASSERT_THAT(pid, IsOk());
  EXPECT_NE(*pid, lost);
}

TEST_F(PgPoolTest, ReplacesConnectionsThatDiedWhileIdle) {
  PgPool& pool = Small();
  for (int i = 0; i < 3; ++i) {
    Terminate(BackendPid(pool).value());
    EXPECT_THAT(BackendPid(pool), IsOk());
  }
  Terminate(BackendPid(pool).value());
  pool.Ping();
  EXPECT_TRUE(pool.Ping());
}

TEST_F(PgPoolTest, TellsThatTheCommitIsUnknownWhenTheConnectionIsLostBeforeIt) {
  PgPool& pool = Small();
  EXPECT_THAT(RunTx(pool,
                    [&](Transaction& tx) -> absl::Status {
                      Terminate(tx.exec1("SELECT pg_backend_pid()")[0].as<int>());
                      return absl::OkStatus();
                    }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(BackendPid(pool), IsOk());
}

TEST_F(PgPoolTest, SaysUnavailableWhenThereIsNoServer) {
  PgPool pool({.url = "postgresql:///nowhere?host=/nonexistent&user=nobody", .pool_size = 1},
              metrics_);
  EXPECT_THAT(BackendPid(pool), StatusIs(absl::StatusCode::kUnavailable));
  // The place in the pool is free again.
  EXPECT_THAT(BackendPid(pool), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(pool.Ping());
}

TEST_F(PgPoolTest, TakesAUrlOfKeysAndValues) {
  PgPool pool({.url = "host=/nonexistent dbname=nowhere user=nobody"}, metrics_);
  EXPECT_THAT(BackendPid(pool), StatusIs(absl::StatusCode::kUnavailable));
}

std::vector<std::string>* lines = nullptr;

TEST_F(PgPoolTest, AnOutageFillsNoLogAndNamesNoAddress) {
  std::vector<std::string> written;
  lines = &written;
  SetLogSink([](const std::string& line) { lines->push_back(line); });
  PgPool pool({.url = "postgresql:///nowhere?host=/nonexistent&user=nobody"}, metrics_);
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(BackendPid(pool), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_FALSE(pool.Ping());
  }
  // A new second may bring two.
  absl::SleepFor(absl::Milliseconds(1100));
  EXPECT_FALSE(pool.Ping());
  SetLogSink(nullptr);
  EXPECT_LT(written.size(), 100u);
  ASSERT_FALSE(written.empty());
  for (const std::string& line : written) {
    EXPECT_THAT(line, HasSubstr("\"kind\":\"no_socket\""));
    EXPECT_THAT(line, Not(HasSubstr("nonexistent")));
  }
}

}  // namespace
}  // namespace rostrum
