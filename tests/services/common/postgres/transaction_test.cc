#include "services/common/postgres/transaction.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/log.h"
#include "services/common/rpc/request_context.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

constexpr char kSchema[] = R"sql(
  CREATE TABLE tally (
    id int PRIMARY KEY,
    amount int NOT NULL CONSTRAINT tally_not_negative CHECK (amount >= 0));
  CREATE TABLE entry (
    tally_id int CONSTRAINT entry_of_tally REFERENCES tally);
  INSERT INTO tally VALUES (1, 0), (2, 0))sql";

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest() { EXPECT_THAT(Execute(kSchema), IsOk()); }

  absl::Status Execute(const std::string& sql) {
    return RunTx(database_.pool, [&](Transaction& tx) -> absl::Status {
      tx.exec(sql);
      return absl::OkStatus();
    });
  }
  int Amount(int id = 1) {
    return RunRead<int>(
               database_.pool,
               [&](Transaction& tx) -> absl::StatusOr<int> {
                 return tx.ExecOne("SELECT amount FROM tally WHERE id = $1", id)[0].as<int>();
               })
        .value();
  }
  absl::Status ExecuteWithin(absl::Duration time, const std::string& sql) {
    RequestContext context;
    context.deadline = absl::Now() + time;
    ScopedRequestContext bound(context);
    return Execute(sql);
  }

  TestDatabase database_{{}};
};

TEST_F(TransactionTest, CommitsWhenTheBodyIsOk) {
  const absl::StatusOr<std::string> result =
      RunTx<std::string>(database_.pool, [](Transaction& tx) -> absl::StatusOr<std::string> {
        tx.exec("UPDATE tally SET amount = 7 WHERE id = 1");
        return "done";
      });
  EXPECT_THAT(result, IsOkAndHolds(std::string("done")));
  EXPECT_EQ(Amount(), 7);
}

TEST_F(TransactionTest, AbortsWhenTheBodyIsNot) {
  EXPECT_THAT(RunTx(database_.pool,
                    [](Transaction& tx) -> absl::Status {
                      tx.exec("UPDATE tally SET amount = 7 WHERE id = 1");
                      return absl::NotFoundError("no");
                    }),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Amount(), 0);
}

TEST_F(TransactionTest, AbortsWhenTheBodyThrows) {
  const absl::Status status = RunTx(database_.pool, [](Transaction& tx) -> absl::Status {
    tx.exec("UPDATE tally SET amount = 7 WHERE id = 1");
    throw std::runtime_error("the password is 1234");
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(status.message(), "database error");
  EXPECT_EQ(Amount(), 0);
}

TEST_F(TransactionTest, AReadCannotWrite) {
  EXPECT_THAT(RunRead<int>(database_.pool,
                           [](Transaction& tx) -> absl::StatusOr<int> {
                             tx.exec("UPDATE tally SET amount = 7 WHERE id = 1");
                             return 1;
                           }),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(Amount(), 0);
}

// A body whose snapshot is out of date on its first `conflicts` runs.
class ConflictingBody {
 public:
  ConflictingBody(PgPool& pool, int conflicts) : pool_(pool), conflicts_(conflicts) {}
  absl::Status operator()(Transaction& tx) {
    tx.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    tx.exec("SELECT * FROM tally");
    if (runs++ < conflicts_) {
      EXPECT_THAT(RunTx(pool_,
                        [](Transaction& other) -> absl::Status {
                          other.exec("UPDATE tally SET amount = amount + 10 WHERE id = 1");
                          return absl::OkStatus();
                        }),
                  IsOk());
    }
    tx.exec("UPDATE tally SET amount = amount + 1 WHERE id = 1");
    return absl::OkStatus();
  }
  int runs = 0;

 private:
  PgPool& pool_;
  const int conflicts_;
};

TEST_F(TransactionTest, RunsAgainAfterASerializationFailure) {
  ConflictingBody body(database_.pool, 2);
  EXPECT_THAT(RunTx(database_.pool, body), IsOk());
  EXPECT_EQ(body.runs, 3);
  EXPECT_EQ(Amount(), 21);
}

TEST_F(TransactionTest, GivesUpAfterThreeConflicts) {
  ConflictingBody body(database_.pool, 100);
  const absl::Status status = RunTx(database_.pool, body);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(status, HasReason("CONFLICT"));
  EXPECT_EQ(body.runs, 3);
  EXPECT_EQ(Amount(), 30);
}

TEST_F(TransactionTest, RunsAgainAfterADeadlock) {
  std::atomic<int> holding{0};
  std::atomic<int> runs{0};
  std::atomic<int> finished{0};
  const auto lock_both = [&](int first, int second) {
    int attempts = 0;
    const absl::Status status = RunTx(database_.pool, [&](Transaction& tx) -> absl::Status {
      ++runs;
      // The one that was chosen to fail would take its row before the other.
      while (++attempts > 1 && finished == 0) std::this_thread::yield();
      tx.Exec("UPDATE tally SET amount = amount + 1 WHERE id = $1", first);
      ++holding;
      while (holding < 2) std::this_thread::yield();
      tx.Exec("UPDATE tally SET amount = amount + 1 WHERE id = $1", second);
      return absl::OkStatus();
    });
    ++finished;
    return status;
  };
  std::thread other([&] { EXPECT_THAT(lock_both(2, 1), IsOk()); });
  EXPECT_THAT(lock_both(1, 2), IsOk());
  other.join();
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(Amount(1), 2);
  EXPECT_EQ(Amount(2), 2);
}

TEST_F(TransactionTest, KeepsThePlanOfAStatement) {
  const auto plans = [this] {
    return RunRead<int>(database_.pool, [](Transaction& tx) -> absl::StatusOr<int> {
      return tx.exec1("SELECT count(*) FROM pg_prepared_statements")[0].as<int>();
    });
  };
  Amount();
  EXPECT_THAT(plans(), IsOkAndHolds(1));
  Amount(2);
  EXPECT_THAT(plans(), IsOkAndHolds(1));
}

TEST_F(TransactionTest, PlansAnewAfterAMigrationOfWhatAStatementAnswers) {
  std::vector<PgPool::Lease> leases;  // so that each comes to a connection of its own
  for (int connections = 0; connections < 5; ++connections) {
    Amount();
    auto lease = database_.pool.Acquire();
    ASSERT_THAT(lease.status(), IsOk());
    leases.push_back(*std::move(lease));
  }
  leases.clear();
  PgPool other(database_.pool.options(), database_.metrics);
  ASSERT_THAT(RunTx(other,
                    [](Transaction& tx) -> absl::Status {
                      tx.exec("ALTER TABLE tally ALTER amount TYPE bigint");
                      return absl::OkStatus();
                    }),
              IsOk());
  EXPECT_EQ(Amount(), 0);
}

TEST_F(TransactionTest, TellsViolationsByTheNameOfTheConstraint) {
  absl::Status status = Execute("INSERT INTO tally VALUES (1, 5)");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(status, HasReason("TALLY_PKEY"));
  status = Execute("INSERT INTO entry VALUES (99)");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(status, HasReason("ENTRY_OF_TALLY"));
  status = Execute("UPDATE tally SET amount = -1");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(status, HasReason("TALLY_NOT_NEGATIVE"));
}

TEST_F(TransactionTest, NeverTellsWhatTheDriverSays) {
  for (const char* sql : {"SELECT secret_column FROM tally", "INSERT INTO tally VALUES (1, 5)",
                          "SELECT 1 / 0", "INSERT INTO entry VALUES (99)"}) {
    const std::string message(Execute(sql).message());
    EXPECT_EQ(message.find("tally"), std::string::npos) << message;
    EXPECT_EQ(message.find("secret"), std::string::npos) << message;
  }
}

std::vector<std::string>* lines = nullptr;

TEST_F(TransactionTest, ManyErrorsFillNoLog) {
  std::vector<std::string> written;
  lines = &written;
  SetLogSink([](const std::string& line) { lines->push_back(line); });
  for (int i = 0; i < 200; ++i) {
    EXPECT_THAT(Execute("SELECT missing"), StatusIs(absl::StatusCode::kInternal));
  }
  SetLogSink(nullptr);
  EXPECT_LT(written.size(), 200u);
  ASSERT_FALSE(written.empty());
  EXPECT_NE(written[0].find("42703"), std::string::npos) << written[0];
}

TEST_F(TransactionTest, TheLogOfALostConnectionNamesNoAddress) {
  std::vector<std::string> written;
  lines = &written;
  SetLogSink([](const std::string& line) { lines->push_back(line); });
  const absl::Status status = FromPg(pqxx::broken_connection(
      "connection to server at \"10.1.2.3\", port 5432 failed: Connection refused"));
  SetLogSink(nullptr);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  for (const std::string& line : written) {
    EXPECT_EQ(line.find("10.1.2.3"), std::string::npos) << line;
  }
}

TEST_F(TransactionTest, StopsAStatementAtTheDeadlineOfTheRequest) {
  const absl::Status status = ExecuteWithin(absl::Milliseconds(200), "SELECT pg_sleep(60)");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(status, HasReason("DATABASE_TIMEOUT"));
  EXPECT_THAT(Execute("SELECT 1"), IsOk());
}

TEST_F(TransactionTest, StopsAStatementWithoutDeadlineByTheSetting) {
  PgPool pool({.url = database_.url, .statement_timeout = absl::Milliseconds(100)},
              database_.metrics);
  EXPECT_THAT(RunTx(pool,
                    [](Transaction& tx) -> absl::Status {
                      tx.exec("SELECT pg_sleep(60)");
                      return absl::OkStatus();
                    }),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(TransactionTest, DoesNotBeginWhenNoTimeIsLeft) {
  EXPECT_THAT(ExecuteWithin(absl::ZeroDuration(), "UPDATE tally SET amount = 7"),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Amount(), 0);
}

}  // namespace
}  // namespace rostrum
