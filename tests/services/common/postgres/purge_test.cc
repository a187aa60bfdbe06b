#include "services/common/postgres/purge.h"

#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/common/postgres/few_deletes.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);  // 14 November 2023

constexpr char kSchema[] = R"sql(
  CREATE TABLE orders (create_time timestamptz NOT NULL, paid boolean NOT NULL);
  CREATE INDEX orders_by_time ON orders (create_time);
  INSERT INTO orders VALUES ('2023-11-01', false), ('2023-11-01', true),
                            ('2023-11-20', false), ('2023-11-20', true))sql";

class PurgeTest : public ::testing::Test {
 protected:
  PurgeTest() {
    Execute(database_.pool, kSchema);
    Execute(database_.pool, FewDeletes("orders"));
  }

  int Count(const std::string& condition) {
    return RunRead<int>(
               database_.pool,
               [&](Transaction& tx) -> absl::StatusOr<int> {
                 return tx.exec1("SELECT count(*) FROM orders WHERE " + condition)[0].as<int>();
               })
        .value();
  }

  TestDatabase database_{{}};
};

TEST_F(PurgeTest, DeletesWhatIsOld) {
  ASSERT_THAT(Purge(database_.pool, "orders", "create_time", kNoon), IsOk());
  EXPECT_EQ(Count("true"), 2);
  EXPECT_EQ(Count("create_time = '2023-11-20'"), 2);
}

TEST_F(PurgeTest, DeletesOnlyThatOfWhichTheConditionIsTrue) {
  ASSERT_THAT(Purge(database_.pool, "orders", "create_time", kNoon, "paid OR NOT paid"), IsOk());
  EXPECT_EQ(Count("true"), 2);
  Execute(database_.pool, "INSERT INTO orders VALUES ('2023-11-01', false), ('2023-11-01', true)");
  ASSERT_THAT(Purge(database_.pool, "orders", "create_time", kNoon, "NOT paid"), IsOk());
  EXPECT_EQ(Count("true"), 3);
  EXPECT_EQ(Count("paid AND create_time = '2023-11-01'"), 1);
}

TEST_F(PurgeTest, DeletesHoweverManyInSteps) {
  // The older ones stay, and are in the way of none.
  Execute(database_.pool, R"sql(
    INSERT INTO orders SELECT '2000-01-01', true FROM generate_series(1, 15000);
    INSERT INTO orders SELECT '2001-01-01', false FROM generate_series(1, 25000))sql");
  ASSERT_THAT(Purge(database_.pool, "orders", "create_time", kNoon, "NOT paid"), IsOk());
  EXPECT_EQ(Count("NOT paid"), 1);
  EXPECT_EQ(Count("paid"), 15002);
}

}  // namespace
}  // namespace rostrum
