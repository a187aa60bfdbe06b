#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/subscription/v1/events.pb.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"
#include "services/subscription/trial_store.h"
#include "subscription_migrations.h"
#include "tests/services/subscription/fakes.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::subscription {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
constexpr absl::Duration kFortnight = absl::Hours(24 * 14);
const std::string kPerson(32, 'p');

AccountId Account(int number) {
  return AccountId("00000000-0000-7000-8000-00000000000" + std::to_string(number));
}

struct PostgresUnderTest {
  TestDatabase database{MigrationsOf("subscription", migrations::Files())};
  OutboxSignal signal;
  PostgresTrialStore store{database.pool, signal, kFortnight, database.metrics};
};
struct FakeUnderTest {
  FakeTrialStore store{kFortnight};
};

// What every TrialStore does, the real one and the fake.
template <class UnderTest>
class TrialStoreContract : public ::testing::Test {
 protected:
  TrialStore& store() { return under_test_.store; }
  UnderTest under_test_;
};
using Stores = ::testing::Types<FakeUnderTest, PostgresUnderTest>;
TYPED_TEST_SUITE(TrialStoreContract, Stores);

TYPED_TEST(TrialStoreContract, StartsOnceAnAccount) {
  const StartedTrial first = this->store().Start(Account(1), kPerson, kNoon).value();
  EXPECT_TRUE(first.began);
  EXPECT_EQ(first.trial.end_time, kNoon + kFortnight);
  const StartedTrial again =
      this->store().Start(Account(1), kPerson, kNoon + absl::Hours(1)).value();
  EXPECT_FALSE(again.began);
  EXPECT_EQ(again.trial.end_time, first.trial.end_time);
  EXPECT_EQ(this->store().Get(Account(1))->end_time, first.trial.end_time);
}

TYPED_TEST(TrialStoreContract, StartsOnceAPerson) {
  ASSERT_THAT(this->store().Start(Account(1), kPerson, kNoon), IsOk());
  EXPECT_THAT(this->store().Start(Account(2), kPerson, kNoon).status(), HasReason("TRIAL_USED"));
  EXPECT_THAT(this->store().Get(Account(2)).status(), HasReason("NO_TRIAL"));
  EXPECT_THAT(this->store().Start(Account(2), std::string(32, 'q'), kNoon), IsOk());
}

TYPED_TEST(TrialStoreContract, ParallelStartsOfAPersonMakeOne) {
  std::atomic<int> began = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto started = this->store().Start(Account(i / 2), kPerson, kNoon);
      if (started.ok() && started->began) ++began;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(began, 1);
}

TYPED_TEST(TrialStoreContract, TellsOfAnEndOnce) {
  ASSERT_THAT(this->store().Start(Account(1), kPerson, kNoon), IsOk());
  EXPECT_EQ(this->store().TellEnded(kNoon + kFortnight - absl::Seconds(1)).value(), 0);
  EXPECT_EQ(this->store().TellEnded(kNoon + kFortnight).value(), 1);
  EXPECT_EQ(this->store().TellEnded(kNoon + kFortnight).value(), 0);
}

TYPED_TEST(TrialStoreContract, RemindsOnceForEachTimeBeforeTheEnd) {
  constexpr absl::Duration kThreeDays = absl::Hours(72), kOneDay = absl::Hours(24);
  ASSERT_THAT(this->store().Start(Account(1), kPerson, kNoon), IsOk());
  const absl::Time end = kNoon + kFortnight;
  EXPECT_EQ(this->store().TellEnding(end - kThreeDays - absl::Seconds(1), kThreeDays).value(), 0);
  EXPECT_EQ(this->store().TellEnding(end - kThreeDays, kThreeDays).value(), 1);
  EXPECT_EQ(this->store().TellEnding(end - kThreeDays, kThreeDays).value(), 0);
  EXPECT_EQ(this->store().TellEnding(end - kOneDay, kOneDay).value(), 1);
  EXPECT_EQ(this->store().TellEnding(end - kOneDay, kOneDay).value(), 0);
  EXPECT_EQ(this->store().TellEnding(end, kOneDay).value(), 0) << "over";
}

TYPED_TEST(TrialStoreContract, RemindersThatWereMissedAreNotMadeUpForTwice) {
  ASSERT_THAT(this->store().Start(Account(1), kPerson, kNoon), IsOk());
  const absl::Time late = kNoon + kFortnight - absl::Hours(2);
  EXPECT_EQ(this->store().TellEnding(late, absl::Hours(24)).value(), 1);
  EXPECT_EQ(this->store().TellEnding(late, absl::Hours(72)).value(), 0);
}

TYPED_TEST(TrialStoreContract, AShortTrialNeedsNoReminder) {
  ASSERT_THAT(this->store().Start(Account(1), kPerson, kNoon), IsOk());
  EXPECT_EQ(this->store().TellEnding(kNoon + absl::Hours(1), kFortnight).value(), 0);
}

// Whether each event said that its account is entitled, in order.
std::vector<bool> ToldEntitled(PgPool& pool) {
  return RunRead<std::vector<bool>>(
             pool,
             [](Transaction& tx) -> absl::StatusOr<std::vector<bool>> {
               std::vector<bool> told;
               for (const pqxx::row& row : tx.exec("SELECT payload FROM outbox ORDER BY id")) {
                 v1::EntitlementChanged event;
                 EXPECT_TRUE(event.ParseFromString(ReadBytes(row[0])));
                 told.push_back(event.entitled());
               }
               return told;
             })
      .value();
}

TEST(PostgresTrialStoreTest, CountsATrialOnceItIsCommitted) {
  PostgresUnderTest under_test;
  const auto counted = [&](int count) {
    return ::testing::Value(under_test.database.metrics.Expose(),
                            ::testing::HasSubstr("trials_started_total " + std::to_string(count)));
  };
  const absl::Status undone = RunTx(under_test.database.pool, [&](Transaction& tx) -> absl::Status {
    EXPECT_TRUE(under_test.store.StartIn(tx, Account(1), kPerson, kNoon)->began);
    return absl::AbortedError("undone");
  });
  EXPECT_THAT(undone, StatusIs(absl::StatusCode::kAborted));
  EXPECT_TRUE(counted(0));
  ASSERT_THAT(under_test.store.Start(Account(1), kPerson, kNoon), IsOk());
  ASSERT_THAT(under_test.store.Start(Account(1), kPerson, kNoon), IsOk());
  EXPECT_TRUE(counted(1));
  under_test.store.CountStarted(2);
  EXPECT_TRUE(counted(3));
}

TEST(PostgresTrialStoreTest, TellsOthersOfBeginningAndEnd) {
  PostgresUnderTest under_test;
  ASSERT_THAT(under_test.store.Start(Account(1), kPerson, kNoon), IsOk());
  ASSERT_THAT(under_test.store.Start(Account(1), kPerson, kNoon), IsOk());
  ASSERT_THAT(under_test.store.TellEnded(kNoon + kFortnight), IsOk());
  EXPECT_THAT(ToldEntitled(under_test.database.pool), ::testing::ElementsAre(true, false));
}

TEST(PostgresTrialStoreTest, RemindsHoweverManyAtOnce) {
  PostgresUnderTest under_test;
  Execute(under_test.database.pool, R"sql(
    INSERT INTO trials (account_id, person_key, start_time, end_time)
    SELECT gen_random_uuid(), n::text::bytea, '2023-11-01', '2023-11-15'
    FROM generate_series(1, 200) n)sql");
  EXPECT_EQ(under_test.store.TellEnding(kNoon, absl::Hours(24)).value(), 200);  // 14 November
}

TEST(PostgresTrialStoreTest, MembersAreNotReminded) {
  PostgresUnderTest under_test;
  ASSERT_THAT(under_test.store.Start(Account(1), kPerson, kNoon), IsOk());
  ASSERT_THAT(RunTx(under_test.database.pool,
                    [](Transaction& tx) {
                      tx.Exec(
                          "INSERT INTO memberships (account_id, plan_id, provider, "
                          "provider_subscription, state, start_time, period_end_time, "
                          "entitled_until, sequence) "
                          "VALUES ($1, 'monthly', 'test', 's', 1, $2, $2, $2, 1)",
                          Account(1).value(), SqlTime(kNoon + kFortnight * 2));
                      return absl::OkStatus();
                    }),
              IsOk());
  const absl::Time near = kNoon + kFortnight - absl::Hours(1);
  EXPECT_EQ(under_test.store.TellEnding(near, absl::Hours(24)).value(), 0);
}

TEST(PostgresEntitlementStoreTest, ATrialEntitlesUntilItsVeryEnd) {
  PostgresUnderTest under_test;
  PostgresEntitlementStore entitlements(under_test.database.pool);
  ASSERT_THAT(under_test.store.Start(Account(1), kPerson, kNoon), IsOk());
  const absl::Time end = kNoon + kFortnight;
  const Standing last = entitlements.Get(Account(1), end - absl::Microseconds(1)).value();
  ASSERT_TRUE(last.entitlement.has_value());
  EXPECT_EQ(last.entitlement->reason, Entitlement::Reason::kTrial);
  const Standing after = entitlements.Get(Account(1), end).value();
  EXPECT_FALSE(after.entitlement.has_value());
  EXPECT_TRUE(after.had_trial);
  EXPECT_FALSE(entitlements.Get(Account(2), kNoon)->had_trial);
}

TEST(RememberedEntitlementsTest, AnOutageTakesNothingFromWhoHadItJustNow) {
  FakeEntitlementStore store;
  FakeClock clock(kNoon);
  RememberedEntitlements remembered(store, clock);
  store.standings[Account(1)].entitlement =
      Entitlement{Entitlement::Reason::kMembership, kNoon + absl::Hours(1)};
  ASSERT_THAT(remembered.Get(Account(1), clock.Now()), IsOk());
  store.away = true;
  clock.Advance(absl::Minutes(10));
  EXPECT_TRUE(remembered.Get(Account(1), clock.Now())->entitlement.has_value());
  EXPECT_THAT(remembered.Get(Account(2), clock.Now()).status(),
              StatusIs(absl::StatusCode::kUnavailable));
  clock.Advance(absl::Seconds(1));
  EXPECT_THAT(remembered.Get(Account(1), clock.Now()).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum::subscription
