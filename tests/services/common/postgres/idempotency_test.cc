#include "services/common/postgres/idempotency.h"

#include <atomic>
#include <string>
#include <vector>

#include "common_migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/event/v1/event_service.pb.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/common/postgres/few_deletes.h"
#include "tests/support/in_parallel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

using Outcome = std::optional<std::string>;
const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

class IdempotencyTest : public ::testing::Test {
 protected:
  static IdempotencyKey Key(const std::string& request_id, const std::string& hash = "h",
                            absl::Time now = kNoon) {
    return {.caller = "account:a",
            .method = "Create",
            .request_id = request_id,
            .request_hash = hash,
            .now = now};
  }
  // Claims the key and, if it is fresh, records `result`.
  absl::StatusOr<Outcome> Do(const IdempotencyKey& key, const std::string& result) {
    return RunTx<Outcome>(database_.pool, [&](Transaction& tx) -> absl::StatusOr<Outcome> {
      ASSIGN_OR_RETURN(const Outcome known, ClaimIdempotencyKey(tx, key, result));
      return known;
    });
  }

  TestDatabase database_{{{"common", common_migrations::Files()}}};
};

TEST_F(IdempotencyTest, ARepeatReturnsTheFirstOutcome) {
  EXPECT_THAT(Do(Key("r"), "first"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(Do(Key("r"), "second"), IsOkAndHolds(Outcome("first")));
  EXPECT_THAT(Do(Key("r"), "third"), IsOkAndHolds(Outcome("first")));
}

TEST_F(IdempotencyTest, CallersMethodsAndIdsAreApart) {
  EXPECT_THAT(Do(Key("r"), "first"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(Do(Key("s"), "second"), IsOkAndHolds(std::nullopt));
  IdempotencyKey key = Key("r");
  key.caller = "account:b";
  EXPECT_THAT(Do(key, "third"), IsOkAndHolds(std::nullopt));
  key = Key("r");
  key.method = "Update";
  EXPECT_THAT(Do(key, "fourth"), IsOkAndHolds(std::nullopt));
}

TEST_F(IdempotencyTest, AnotherRequestWithTheSameIdIsRefused) {
  EXPECT_THAT(Do(Key("r", std::string("\0h", 2)), "first"), IsOkAndHolds(std::nullopt));
  const absl::StatusOr<Outcome> result = Do(Key("r", std::string("\0i", 2)), "second");
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(result, HasViolation("request_id"));
  EXPECT_EQ(DetailsOf(result.status()).violations[0].reason, "REQUEST_ID_REUSED");
}

TEST_F(IdempotencyTest, WithoutAnIdEveryRequestIsFresh) {
  EXPECT_THAT(Do(Key(""), "first"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(Do(Key(""), "second"), IsOkAndHolds(std::nullopt));
}

TEST_F(IdempotencyTest, OfManyAtOnceOneDoesIt) {
  constexpr int kThreads = 8;
  std::atomic<int> fresh{0};
  std::vector<Outcome> outcomes(kThreads);
  InParallel(kThreads, [&](int i) {
    const std::string mine = "by " + std::to_string(i);
    const absl::StatusOr<Outcome> known = Do(Key("r"), mine);
    ASSERT_THAT(known, IsOk());
    if (!known->has_value()) ++fresh;
    outcomes[i] = known->value_or(mine);
  });
  EXPECT_EQ(fresh, 1);
  EXPECT_THAT(outcomes, ::testing::Each(outcomes[0]));
}

TEST_F(IdempotencyTest, AnEffectThatFailedFreesTheKey) {
  EXPECT_THAT(RunTx(database_.pool,
                    [&](Transaction& tx) -> absl::Status {
                      RETURN_IF_ERROR(ClaimIdempotencyKey(tx, Key("r"), "lost"));
                      return absl::FailedPreconditionError("no");
                    }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Do(Key("r", "other"), "second"), IsOkAndHolds(std::nullopt));
}

TEST_F(IdempotencyTest, ForgetsAfterADay) {
  EXPECT_THAT(Do(Key("old"), "first"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(Do(Key("young", "h", kNoon + absl::Seconds(1)), "second"),
              IsOkAndHolds(std::nullopt));
  EXPECT_THAT(PurgeIdempotencyKeys(database_.pool, kNoon + absl::Hours(24)), IsOk());
  EXPECT_THAT(Do(Key("young"), "third"), IsOkAndHolds(Outcome("second")));
  EXPECT_THAT(Do(Key("old"), "fourth"), IsOkAndHolds(std::nullopt));
}

TEST_F(IdempotencyTest, ForgetsHoweverManyInSteps) {
  const auto query = [this](const std::string& sql) {
    return RunTx<int>(database_.pool, [&](Transaction& tx) -> absl::StatusOr<int> {
      const pqxx::result rows = tx.exec(sql);
      return rows.empty() ? 0 : rows[0][0].as<int>();
    });
  };
  Execute(database_.pool, FewDeletes("idempotency"));
  ASSERT_THAT(query(R"sql(
    INSERT INTO idempotency (caller, method, request_id, request_hash, create_time)
    SELECT 'a', 'm', n::text, '', '2000-01-01' FROM generate_series(1, 25000) n)sql"),
              IsOk());
  EXPECT_THAT(Do(Key("young"), "first"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(PurgeIdempotencyKeys(database_.pool, kNoon), IsOk());
  EXPECT_THAT(query("SELECT count(*) FROM idempotency"), IsOkAndHolds(1));
}

TEST(IdempotencyKeyForTest, HashesTheWholeRequest) {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = AccountId("a");
  event::v1::PullEventsRequest request;
  request.add_types("x");
  const auto key = [&] { return IdempotencyKeyFor(caller, "Create", "r", request, kNoon).value(); };
  const IdempotencyKey first = key();
  EXPECT_EQ(first.caller, "account:a");
  EXPECT_EQ(first.request_id, "r");
  EXPECT_EQ(first.request_hash, key().request_hash);
  request.add_types("y");
  EXPECT_NE(first.request_hash, key().request_hash);
}

TEST(IdempotencyKeyForTest, RefusesIdsThatCannotBeKept) {
  const auto key = [](const std::string& id) {
    return IdempotencyKeyFor(Caller(), "Create", id, event::v1::PullEventsRequest(), kNoon)
        .status();
  };
  EXPECT_THAT(key(""), IsOk());
  EXPECT_THAT(key(std::string(128, 'x')), IsOk());
  for (const std::string& id :
       {std::string(129, 'x'), std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_THAT(key(id), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(key(id), HasViolation("request_id"));
  }
}

}  // namespace
}  // namespace rostrum
