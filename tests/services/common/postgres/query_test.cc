#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/request_context.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

// RunQuery, on a pool of one connection whose own limit is so long that it ends nothing here.
class QueryTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Ask(const std::string& sql) {
    return RunQuery<std::string>(pool_, [&](Transaction& tx) -> absl::StatusOr<std::string> {
      return tx.Exec(sql)[0][0].as<std::string>();
    });
  }
  absl::StatusOr<std::string> AskWithin(absl::Duration time, const std::string& sql) {
    RequestContext context;
    context.deadline = absl::Now() + time;
    const ScopedRequestContext bound(context);
    return Ask(sql);
  }

  // The state and last statement of a session, as another sees them.
  std::string Seen(const std::string& pid) {
    return RunQuery<std::string>(
               other_,
               [&](Transaction& tx) -> absl::StatusOr<std::string> {
                 return tx
                     .exec1("SELECT state || ': ' || query FROM pg_stat_activity WHERE pid = " +
                            pid)[0]
                     .as<std::string>();
               })
        .value();
  }
  absl::Status Change(const std::string& sql) {
    return RunTx(other_, [&](Transaction& tx) -> absl::Status {
      tx.exec(sql);
      return absl::OkStatus();
    });
  }

  TestDatabase database_{{}};
  PgPool other_{{.url = database_.url}, database_.metrics};
  PgPool pool_{{.url = database_.url, .pool_size = 1, .statement_timeout = absl::Minutes(1)},
               database_.metrics};
};

TEST_F(QueryTest, IsOneStatementWithoutATransactionAroundIt) {
  const auto pid = Ask("SELECT pg_backend_pid()");
  ASSERT_THAT(pid, IsOk());
  EXPECT_EQ(Seen(*pid), "idle: SELECT pg_backend_pid()") << "it is in a transaction, or was";
}

TEST_F(QueryTest, ASecondStatementIsRefused) {
  int executed = 0;
  EXPECT_THAT(RunQuery<int>(pool_,
                            [&](Transaction& tx) -> absl::StatusOr<int> {
                              for (int i = 0; i < 2; ++i) {
                                tx.Exec("SELECT 1");
                                ++executed;
                              }
                              return 1;
                            }),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(executed, 1);
  EXPECT_THAT(Ask("SELECT 2"), IsOkAndHolds(std::string("2")));
}

// With much time left the session has a limit, with little a transaction.
TEST_F(QueryTest, EndsAtTheDeadlineOfItsRequest) {
  ASSERT_THAT(Ask("SELECT 1"), IsOk());  // connects
  for (const int milliseconds : {200, 1300}) {
    const absl::Time begin = absl::Now();
    const absl::Status status =
        AskWithin(absl::Milliseconds(milliseconds), "SELECT pg_sleep(60)::text").status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
    EXPECT_THAT(status, HasReason("DATABASE_TIMEOUT"));
    EXPECT_LT(absl::Now() - begin, absl::Seconds(30));
  }
}

TEST_F(QueryTest, TheDeadlineOfAnotherRequestDoesNotEndIt) {
  ASSERT_THAT(AskWithin(absl::Milliseconds(1100), "SELECT 1"), IsOk());
  EXPECT_THAT(AskWithin(absl::Seconds(60), "SELECT 'slept' FROM pg_sleep(1.5)"),
              IsOkAndHolds(std::string("slept")));
}

TEST_F(QueryTest, ItsTimeIsAnEighthShorterAtMost) {
  ASSERT_THAT(Ask("SELECT 1"), IsOk());
  for (const int limit : {400, 1500, 1999, 4990}) {
    const auto shown =
        AskWithin(absl::Milliseconds(limit),
                  "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'");
    ASSERT_THAT(shown, IsOk());
    EXPECT_LE(std::stoi(*shown), limit);
    EXPECT_GE(std::stoi(*shown), limit * 0.6);  // the request itself has used some
  }
}

TEST_F(QueryTest, TheLimitIsSetOnlyWhenItIsAnother) {
  absl::StatusOr<PgPool::Lease> lease = pool_.Acquire();
  ASSERT_THAT(lease.status(), IsOk());
  lease->LimitStatements(absl::Milliseconds(4990));
  std::string pid;
  {
    pqxx::nontransaction session(**lease);
    pid = session.exec1("SELECT pg_backend_pid()")[0].as<std::string>();
  }
  lease->LimitStatements(absl::Milliseconds(4700));
  EXPECT_EQ(Seen(pid), "idle: SELECT pg_backend_pid()");
  lease->LimitStatements(absl::Milliseconds(2000));
  EXPECT_EQ(Seen(pid), "idle: SET statement_timeout = 1920");
}

TEST_F(QueryTest, LeavesTransactionsTheirOwnTime) {
  ASSERT_THAT(AskWithin(absl::Milliseconds(1100), "SELECT 1"), IsOk());
  RequestContext context;
  context.deadline = absl::Now() + absl::Hours(1);
  const ScopedRequestContext bound(context);
  EXPECT_THAT(RunRead<std::string>(pool_,
                                   [](Transaction& tx) -> absl::StatusOr<std::string> {
                                     return tx.exec1("SHOW statement_timeout")[0].as<std::string>();
                                   }),
              IsOkAndHolds(std::string("1min")));
}

TEST_F(QueryTest, AnErrorLeavesTheConnectionUsable) {
  const auto pid = Ask("SELECT pg_backend_pid()");
  EXPECT_THAT(Ask("SELECT 1 / 0"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(Ask("SELECT pg_backend_pid()"), pid);
}

TEST_F(QueryTest, IsAskedAgainWhenItsConnectionIsLost) {
  int runs = 0;
  const auto answer = RunQuery<int>(pool_, [&](Transaction& tx) -> absl::StatusOr<int> {
    if (++runs == 1) tx.exec("SELECT pg_terminate_backend(pg_backend_pid())");
    return tx.exec1("SELECT 7")[0].as<int>();
  });
  EXPECT_THAT(answer, IsOkAndHolds(7));
  EXPECT_EQ(runs, 2);
}

TEST_F(QueryTest, IsPlannedAnewAfterAMigrationOfWhatItAnswers) {
  ASSERT_THAT(Change("CREATE TABLE tally AS SELECT 7 AS amount"), IsOk());
  EXPECT_THAT(Ask("SELECT amount FROM tally"), IsOkAndHolds(std::string("7")));
  ASSERT_THAT(Change("ALTER TABLE tally ALTER amount TYPE bigint"), IsOk());
  EXPECT_THAT(Ask("SELECT amount FROM tally"), IsOkAndHolds(std::string("7")));
}

}  // namespace
}  // namespace rostrum
