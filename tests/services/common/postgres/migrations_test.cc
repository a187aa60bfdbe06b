#include "services/common/postgres/migrations.h"

#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "common_migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

EmbeddedFile File(const char* name, const char* sql) { return {name, {sql, std::strlen(sql)}}; }

const EmbeddedFile kFirst = File("0001_tally.sql", "CREATE TABLE tally (amount int)");
const EmbeddedFile kSecond =
    File("0002_one.sql",
         "INSERT INTO tally VALUES (1); SELECT pg_sleep(0.1); INSERT INTO tally VALUES (1)");

class MigrationsTest : public ::testing::Test {
 protected:
  absl::StatusOr<int> Apply(const std::vector<EmbeddedFile>& files,
                            const std::string& set = "own") {
    return Migrate(database_.pool.options(), {{set, files}});
  }
  // How many migrations were applied by four threads that all try.
  int ApplyByFour(const std::vector<EmbeddedFile>& files) {
    std::atomic<int> applied{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const absl::StatusOr<int> count = Apply(files);
        EXPECT_THAT(count, IsOk());
        applied += count.value_or(100);
      });
    }
    for (std::thread& thread : threads) thread.join();
    return applied;
  }
  bool Applied(const std::vector<EmbeddedFile>& files) {
    return IsMigrated(database_.pool, {{"own", files}}).value();
  }
  int Count(const std::string& sql) {
    return RunRead<int>(
               database_.pool,
               [&](Transaction& tx) -> absl::StatusOr<int> { return tx.exec1(sql)[0].as<int>(); })
        .value();
  }

  TestDatabase database_{{}};
};

TEST_F(MigrationsTest, AppliesWhatIsMissing) {
  EXPECT_FALSE(Applied({kFirst}));
  EXPECT_THAT(Apply({kFirst}), IsOkAndHolds(1));
  EXPECT_TRUE(Applied({kFirst}));
  EXPECT_FALSE(Applied({kFirst, kSecond}));
  EXPECT_THAT(Apply({kFirst, kSecond}), IsOkAndHolds(1));
  EXPECT_THAT(Apply({kFirst, kSecond}), IsOkAndHolds(0));
  EXPECT_EQ(Count("SELECT count(*) FROM tally"), 2);
}

TEST_F(MigrationsTest, AppliesOnceHoweverManyTry) {
  EXPECT_EQ(ApplyByFour({kFirst, kSecond}), 2);
  EXPECT_EQ(Count("SELECT count(*) FROM tally"), 2);
}

TEST_F(MigrationsTest, WaitsForAnotherProcessThatMigrates) {
  pqxx::connection other(database_.url);
  Transaction holder(other);
  holder.exec("SELECT pg_advisory_xact_lock(7206121)");
  std::thread waiting([&] { EXPECT_THAT(Apply({kFirst}), IsOkAndHolds(1)); });
  // Longer than any request would wait for a lock.
  holder.exec("SELECT pg_sleep(3.5)");
  EXPECT_EQ(Count("SELECT count(to_regclass('tally'))"), 0);
  holder.commit();
  waiting.join();
}

// A reader takes long; others who read the same table do not wait until it is done.
TEST_F(MigrationsTest, WhileItWaitsForATableNobodyWaitsLongBehindIt) {
  ASSERT_THAT(Apply({kFirst}), IsOkAndHolds(1));
  pqxx::connection other(database_.url);
  Transaction reader(other);
  reader.exec("SELECT count(*) FROM tally");
  std::thread waiting([&] {
    EXPECT_THAT(Apply({kFirst, File("0002_note.sql", "ALTER TABLE tally ADD COLUMN note text")}),
                IsOkAndHolds(1));
  });
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (Count("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted "
               "AND relation = 'tally'::regclass") == 0 &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  const auto another = RunRead<int>(database_.pool, [](Transaction& tx) -> absl::StatusOr<int> {
    tx.exec("SET LOCAL lock_timeout = '20s'; SET LOCAL statement_timeout = '20s'");
    return tx.exec1("SELECT count(*) FROM tally")[0].as<int>();
  });
  EXPECT_THAT(another, IsOkAndHolds(0));
  reader.commit();
  waiting.join();
  EXPECT_EQ(Count("SELECT count(*) FROM information_schema.columns WHERE table_name = 'tally' "
                  "AND column_name = 'note'"),
            1);
}

TEST_F(MigrationsTest, RefusesAFileThatChanged) {
  ASSERT_THAT(Apply({kFirst}), IsOkAndHolds(1));
  const absl::StatusOr<int> result =
      Apply({File("0001_tally.sql", "CREATE TABLE tally (amount bigint)"), kSecond});
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(result.status().message()), ::testing::HasSubstr("own/0001_tally.sql"));
  EXPECT_EQ(Count("SELECT count(*) FROM tally"), 0);
}

TEST_F(MigrationsTest, LeavesNothingOfAFileThatFails) {
  const EmbeddedFile wrong = File("0002_one.sql", "INSERT INTO tally VALUES (1); SELECT 1 / 0");
  const absl::StatusOr<int> result = Apply({kFirst, wrong});
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(std::string(result.status().message()), ::testing::HasSubstr("own/0002_one.sql"));
  EXPECT_EQ(Count("SELECT count(*) FROM tally"), 0);
  // What came before it stands, and the corrected file is taken.
  EXPECT_THAT(Apply({kFirst, kSecond}), IsOkAndHolds(1));
}

const EmbeddedFile kIndex = File("0002_index.sql",
                                 "-- no transaction\n"
                                 "-- For sums.\n"
                                 "DROP INDEX CONCURRENTLY IF EXISTS amounts;\n"
                                 "CREATE INDEX CONCURRENTLY amounts ON tally (amount);\n");

// Who writes need not wait until an index is built, which needs no transaction around it.
TEST_F(MigrationsTest, BuildsAnIndexBesideWrites) {
  ASSERT_THAT(Apply({kFirst}), IsOkAndHolds(1));
  pqxx::connection other(database_.url);
  Transaction writer(other);
  writer.exec("INSERT INTO tally VALUES (1)");
  std::thread building([&] { EXPECT_THAT(Apply({kFirst, kIndex}), IsOkAndHolds(1)); });
  // It waits for the writer, and others write meanwhile.
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (Count("SELECT count(*) FROM pg_stat_progress_create_index") == 0 &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_THAT(RunTx(database_.pool,
                    [](Transaction& tx) {
                      tx.exec("SET LOCAL lock_timeout = '1s'; INSERT INTO tally VALUES (2)");
                      return absl::OkStatus();
                    }),
              IsOk());
  writer.commit();
  building.join();
  EXPECT_EQ(Count("SELECT count(*) FROM pg_index WHERE indisvalid "
                  "AND indexrelid = 'amounts'::regclass"),
            1);
  EXPECT_THAT(Apply({kFirst, kIndex}), IsOkAndHolds(0));
}

TEST_F(MigrationsTest, BuildsAnIndexOnceHoweverManyTry) {
  EXPECT_EQ(ApplyByFour({kFirst, kIndex}), 2);
}

TEST_F(MigrationsTest, RepeatsWhatIsNoTransactionAndFailed) {
  ASSERT_THAT(Apply({kFirst}), IsOkAndHolds(1));
  const EmbeddedFile wrong =
      File("0002_index.sql",
           "-- no transaction\n"
           "CREATE INDEX CONCURRENTLY IF NOT EXISTS amounts ON tally (amount);\n"
           "SELECT 1 / 0;\n");
  EXPECT_THAT(Apply({kFirst, wrong}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_FALSE(Applied({kFirst, wrong}));
  EXPECT_THAT(Apply({kFirst, kIndex}), IsOkAndHolds(1));
}

TEST_F(MigrationsTest, RefusesNamesThatAreNotInOrder) {
  for (const char* name : {"0002_tally.sql", "1_tally.sql", "0001_tally.txt", "tally.sql",
                           "0001tally.sql", "000x_tally.sql"}) {
    EXPECT_THAT(Apply({File(name, "SELECT 1")}), StatusIs(absl::StatusCode::kInvalidArgument))
        << name;
  }
}

TEST_F(MigrationsTest, KeepsSetsApart) {
  EXPECT_THAT(Apply(common_migrations::Files(), "common"),
              IsOkAndHolds(static_cast<int>(common_migrations::Files().size())));
  EXPECT_THAT(Apply({kFirst}), IsOkAndHolds(1));
  EXPECT_TRUE(Applied({kFirst}));
}

TEST_F(MigrationsTest, AnOlderReleaseTakesANewerSchema) {
  ASSERT_THAT(Apply({kFirst, kSecond}), IsOkAndHolds(2));
  EXPECT_TRUE(Applied({kFirst}));
  EXPECT_THAT(Apply({kFirst}), IsOkAndHolds(0));
}

TEST_F(MigrationsTest, IsNotMigratedInAnEmptyDatabase) {
  const std::string name = "never_migrated_" + std::to_string(getpid());
  PostgresServer::Get().Execute("CREATE DATABASE " + name);
  std::string url = database_.url;
  const size_t begin = url.find("rostrum_test_");
  url.replace(begin, url.find_first_of("?", begin) - begin, name);
  Metrics metrics;
  {
    PgPool pool({.url = url}, metrics);
    EXPECT_THAT(IsMigrated(pool, {{"own", {kFirst}}}), IsOkAndHolds(false));
  }
  PostgresServer::Get().Execute("DROP DATABASE " + name);
}

TEST(MigrateTest, SaysUnavailableWhenThereIsNoServer) {
  EXPECT_THAT(Migrate({.url = "postgresql:///nowhere?host=/nonexistent&user=nobody"}, {}),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum
