#include <csignal>
#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/common/postgres/hanging_postgres.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

// A backend that hangs while this lives.
class StoppedBackend {
 public:
  explicit StoppedBackend(int pid) : pid_(pid) { kill(pid_, SIGSTOP); }
  ~StoppedBackend() { kill(pid_, SIGCONT); }
  StoppedBackend(const StoppedBackend&) = delete;
  StoppedBackend& operator=(const StoppedBackend&) = delete;

 private:
  const int pid_;
};

int PidIn(Transaction& tx) { return tx.exec1("SELECT pg_backend_pid()")[0].as<int>(); }

absl::StatusOr<int> BackendPid(PgPool& pool) {
  return RunRead<int>(pool, [](Transaction& tx) -> absl::StatusOr<int> { return PidIn(tx); });
}

// PostgreSQL itself ends no wait for one that hangs: without the watchdog these never end.
class HangingTest : public testing::Test {
 protected:
  PgPool& Pool(absl::Duration statement_timeout = absl::Seconds(1)) {
    return pool_.emplace(
        PgOptions{.url = database_.url, .pool_size = 1, .statement_timeout = statement_timeout},
        metrics_);
  }

  TestDatabase database_{{}};
  Metrics metrics_;
  std::optional<PgPool> pool_;
};

TEST_F(HangingTest, AStatementEndsAndItsConnectionIsNotUsedAgain) {
  PgPool& pool = Pool();
  int pid = 0;
  std::optional<StoppedBackend> stopped;
  EXPECT_THAT(RunTx(pool,
                    [&](Transaction& tx) -> absl::Status {
                      pid = PidIn(tx);
                      stopped.emplace(pid);
                      tx.Exec("SELECT 1");
                      return absl::OkStatus();
                    }),
              StatusIs(absl::StatusCode::kUnavailable));
  const absl::StatusOr<int> next = BackendPid(pool);
  ASSERT_THAT(next, IsOk());
  EXPECT_NE(*next, pid);
}

TEST_F(HangingTest, AQueryIsAskedAgainOnANewConnection) {
  PgPool& pool = Pool();
  const int pid = BackendPid(pool).value();
  std::optional<StoppedBackend> stopped;
  const auto answer = RunQuery<int>(pool, [&](Transaction& tx) -> absl::StatusOr<int> {
    if (!stopped.has_value()) stopped.emplace(pid);
    return PidIn(tx);
  });
  ASSERT_THAT(answer, IsOk());
  EXPECT_NE(*answer, pid);
}

TEST_F(HangingTest, ACommitEndsAndMayHaveHappened) {
  PgPool& pool = Pool();
  std::optional<StoppedBackend> stopped;
  EXPECT_THAT(RunTx(pool,
                    [&](Transaction& tx) -> absl::Status {
                      stopped.emplace(PidIn(tx));
                      return absl::OkStatus();
                    }),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(HangingTest, WhatHasNotBegunBeginsOnANewConnection) {
  PgPool& pool = Pool();
  const int pid = BackendPid(pool).value();
  const StoppedBackend stopped(pid);
  const absl::StatusOr<int> next = BackendPid(pool);
  ASSERT_THAT(next, IsOk());
  EXPECT_NE(*next, pid);
}

TEST_F(HangingTest, ATransactionMayTakeLongerThanItsStatements) {
  const absl::Status status = RunTx(Pool(absl::Seconds(4)), [&](Transaction& tx) -> absl::Status {
    for (int i = 0; i < 2; ++i) {
      tx.Exec("SELECT pg_sleep(1.3)");
      tx.exec("SELECT pg_sleep(1.3)");
      tx.exec_params("SELECT pg_sleep($1)", 1.3);
    }
    return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(HangingTest, APingTellsAlsoWhenTheWholePoolIsInUse) {
  PgPool& pool = Pool(absl::Hours(1));
  ASSERT_EQ(pool.SinceAnswer(), absl::InfiniteDuration());
  const absl::StatusOr<PgPool::Lease> lease = pool.Acquire();
  ASSERT_THAT(lease.status(), IsOk());
  ASSERT_TRUE(pool.Ping());
  {
    const HangingPostgres hanging(database_.url);
    EXPECT_FALSE(pool.Ping());  // on the connection that it has
    EXPECT_FALSE(pool.Ping());  // on a new one
    const absl::Duration silence = pool.SinceAnswer();
    EXPECT_GT(silence, absl::ZeroDuration());
    EXPECT_GE(pool.SinceAnswer(), silence);
  }
  EXPECT_TRUE(pool.Ping());
}

TEST_F(HangingTest, EveryAnswerCounts) {
  PgPool& pool = Pool();
  ASSERT_THAT(BackendPid(pool), IsOk());
  const auto answers = [&](const std::string& sql) {
    // No test takes so long, and no clock is so coarse.
    absl::SleepFor(absl::Milliseconds(20));
    const absl::Time asked = absl::Now();
    const absl::Status status = RunTx(pool, [&](Transaction& tx) -> absl::Status {
      tx.exec(sql);
      return absl::OkStatus();
    });
    const absl::Duration silence = pool.SinceAnswer();
    return silence <= absl::Now() - asked;
  };
  EXPECT_TRUE(answers("SELECT 1"));
  EXPECT_TRUE(answers("SELECT 1 / 0"));
}

}  // namespace
}  // namespace rostrum
