#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "services/subscription/postgres_membership_store.h"
#include "subscription_migrations.h"
#include "tests/services/subscription/fake_membership_store.h"
#include "tests/support/in_parallel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::subscription {
namespace {

using Kind = PaymentEvent::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
constexpr absl::Duration kMonth = absl::Hours(24 * 30);
const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");
constexpr MembershipSettings kSettings;

struct PostgresUnderTest {
  TestDatabase database{MigrationsOf("subscription", migrations::Files())};
  OutboxSignal signal;
  PostgresMembershipStore store{database.pool, signal, kSettings};
};
struct FakeUnderTest {
  FakeMembershipStore store{kSettings};
};

// What every MembershipStore does, the real one and the fake.
template <class UnderTest>
class MembershipStoreContract : public ::testing::Test {
 protected:
  absl::StatusOr<Checkout> Add(const std::string& request_id = "", const std::string& hash = "h") {
    return store().AddCheckout({.id = CheckoutId(NewUuid(kNoon)),
                                .account_id = kAnna,
                                .plan_id = "monthly",
                                .provider = "test",
                                .return_path = "/account",
                                .create_time = kNoon,
                                .expire_time = kNoon + kCheckoutLifetime},
                               {.caller = "account:a",
                                .method = "CreateCheckout",
                                .request_id = request_id,
                                .request_hash = hash,
                                .now = kNoon});
  }
  Checkout Opened(const std::string& reference) {
    return store().SetOpened(Add()->id, {reference, "https://pay.example/" + reference}).value();
  }
  PaymentEvent Event(Kind kind, const std::string& reference, int sequence = 1) {
    return {.provider = "test",
            .id = reference + std::to_string(sequence),
            .kind = kind,
            .reference = reference,
            .subscription = reference,
            .sequence = sequence,
            .time = kNoon + absl::Hours(sequence),
            .period_start_time = kNoon,
            .period_end_time = kNoon + kMonth,
            .amount = {"EUR", 700}};
  }
  MembershipStore& store() { return under_test_.store; }

  UnderTest under_test_;
};
using Stores = ::testing::Types<FakeUnderTest, PostgresUnderTest>;
TYPED_TEST_SUITE(MembershipStoreContract, Stores);

TYPED_TEST(MembershipStoreContract, AKeyMakesOneCheckout) {
  const auto first = this->Add("k");
  EXPECT_EQ(this->Add("k")->id, first->id);
  EXPECT_THAT(this->Add("k", "other").status(), HasViolation("request_id"));
  EXPECT_NE(this->Add("l")->id, first->id);
}

TYPED_TEST(MembershipStoreContract, KeepsTheProvidersFirstAnswer) {
  const Checkout checkout = this->Opened("one");
  EXPECT_EQ(this->store().SetOpened(checkout.id, {"two", "x"})->provider_reference, "one");
  const auto found = this->store().GetCheckout(checkout.id, kAnna);
  EXPECT_EQ(found->checkout_url, "https://pay.example/one");
  EXPECT_EQ(found->StateAt(kNoon), CheckoutState::kOpen);
  EXPECT_EQ(found->StateAt(kNoon + kCheckoutLifetime), CheckoutState::kExpired);
  EXPECT_THAT(this->store().GetCheckout(checkout.id, kBert).status(),
              HasReason("CHECKOUT_NOT_FOUND"));
}

TYPED_TEST(MembershipStoreContract, APaymentMakesAMemberOnce) {
  const Checkout checkout = this->Opened("one");
  EXPECT_THAT(this->store().Get(kAnna).status(), HasReason("NO_MEMBERSHIP"));
  const PaymentEvent paid = this->Event(Kind::kCheckoutCompleted, "one");
  ASSERT_THAT(this->store().Apply(paid, kNoon), IsOk());
  ASSERT_THAT(this->store().Apply(paid, kNoon), IsOk());
  EXPECT_EQ(this->store().Get(kAnna)->state, MembershipState::kActive);
  EXPECT_EQ(this->store().GetCheckout(checkout.id, kAnna)->state, CheckoutState::kCompleted);
  EXPECT_EQ(this->store().ListPayments(kAnna, std::nullopt, 10)->size(), 1u);
  EXPECT_THAT(this->Add().status(), HasReason("ALREADY_MEMBER"));
}

TYPED_TEST(MembershipStoreContract, ADeclinedPaymentMakesNobodyAMember) {
  const Checkout checkout = this->Opened("one");
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kCheckoutDeclined, "one"), kNoon), IsOk());
  EXPECT_EQ(this->store().GetCheckout(checkout.id, kAnna)->state, CheckoutState::kDeclined);
  EXPECT_THAT(this->store().Get(kAnna).status(), HasReason("NO_MEMBERSHIP"));
}

TYPED_TEST(MembershipStoreContract, ASubscriptionOfNoCheckoutIsToBeStopped) {
  PaymentEvent declined = this->Event(Kind::kCheckoutDeclined, "declined");
  declined.subscription.clear();
  EXPECT_THAT(this->store().Apply(declined, kNoon), IsOk());
  EXPECT_THAT(this->store().Apply(this->Event(Kind::kCancelled, "cancelled"), kNoon), IsOk());
  EXPECT_THAT(this->store().ListSuperfluous(), IsOkAndHolds(IsEmpty()));
  for (const int sequence : {1, 2}) {
    const Kind kind = sequence == 1 ? Kind::kCheckoutCompleted : Kind::kRenewed;
    EXPECT_THAT(this->store().Apply(this->Event(kind, "paid", sequence), kNoon), IsOk());
  }
  EXPECT_THAT(this->store().ListSuperfluous(), IsOkAndHolds(ElementsAre("paid")));
}

TYPED_TEST(MembershipStoreContract, AnEventThatCameBeforeItsCheckoutTakesEffectOnceThereIsOne) {
  const PaymentEvent paid = this->Event(Kind::kCheckoutCompleted, "one");
  ASSERT_THAT(this->store().Apply(paid, kNoon), IsOk());
  this->Opened("one");  // anew, by an operator
  for (int times = 0; times < 2; ++times) {
    ASSERT_THAT(this->store().Apply(paid, kNoon), IsOk());
  }
  ASSERT_THAT(this->store().Get(kAnna), IsOk());
  EXPECT_EQ(this->store().Get(kAnna)->state, MembershipState::kActive);
  EXPECT_EQ(this->store().ListPayments(kAnna, std::nullopt, 10)->size(), 1u);
  EXPECT_THAT(this->store().ListSuperfluous(), IsOkAndHolds(IsEmpty()));
}

TYPED_TEST(MembershipStoreContract, ParallelDeliveriesTakeEffectOnce) {
  this->Opened("one");
  InParallel(8, [&](int i) {
    const Kind kind = i % 2 == 0 ? Kind::kCheckoutCompleted : Kind::kRenewed;
    EXPECT_THAT(this->store().Apply(this->Event(kind, "one", 1 + i % 2), kNoon), IsOk());
  });
  EXPECT_EQ(this->store().Get(kAnna)->sequence, 2);
  EXPECT_EQ(this->store().ListPayments(kAnna, std::nullopt, 10)->size(), 2u);
}

TYPED_TEST(MembershipStoreContract, WhoPaidTwiceHasOneToBeStopped) {
  this->Opened("one");
  this->Opened("two");
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kCheckoutCompleted, "one"), kNoon), IsOk());
  EXPECT_TRUE(this->store().ListSuperfluous()->empty());
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kCheckoutCompleted, "two"), kNoon), IsOk());
  const auto superfluous = this->store().ListSuperfluous();
  ASSERT_THAT(superfluous, IsOk());
  ASSERT_EQ(superfluous->size(), 1u);
  ASSERT_THAT(this->store().ForgetSuperfluous(superfluous->front()), IsOk());
  EXPECT_TRUE(this->store().ListSuperfluous()->empty());
}

TYPED_TEST(MembershipStoreContract, WhatBecomesTheMembershipAfterAllIsNotStopped) {
  this->Opened("one");
  this->Opened("two");
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kCheckoutCompleted, "one"), kNoon), IsOk());
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kCheckoutCompleted, "two"), kNoon), IsOk());
  ASSERT_THAT(this->store().ListSuperfluous(), IsOkAndHolds(ElementsAre("two")));
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kEnded, "one", 2), kNoon), IsOk());
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kRenewed, "two", 2), kNoon), IsOk());
  EXPECT_EQ(this->store().Get(kAnna)->provider_subscription, "two");
  EXPECT_THAT(this->store().ListSuperfluous(), IsOkAndHolds(IsEmpty()));
}

TYPED_TEST(MembershipStoreContract, AfterAFailedPaymentOneMayPayAgain) {
  this->Opened("one");
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kCheckoutCompleted, "one"), kNoon), IsOk());
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kPaymentFailed, "one", 2), kNoon), IsOk());
  ASSERT_EQ(this->store().Get(kAnna)->state, MembershipState::kGrace);
  EXPECT_THAT(this->Add(), IsOk());
}

TYPED_TEST(MembershipStoreContract, WhatNobodyRenewsLapses) {
  this->Opened("one");
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kCheckoutCompleted, "one"), kNoon), IsOk());
  const absl::Time until = *this->store().Get(kAnna)->entitled_until;
  EXPECT_EQ(this->store().LapseDue(until - absl::Seconds(1)).value(), 0);
  EXPECT_EQ(this->store().LapseDue(until).value(), 1);
  EXPECT_EQ(this->store().LapseDue(until).value(), 0);
  EXPECT_EQ(this->store().Get(kAnna)->state, MembershipState::kEnded);
}

TYPED_TEST(MembershipStoreContract, ListsPaymentsNewestFirstByPage) {
  this->Opened("one");
  ASSERT_THAT(this->store().Apply(this->Event(Kind::kCheckoutCompleted, "one", 1), kNoon), IsOk());
  for (int sequence = 2; sequence <= 4; ++sequence) {
    ASSERT_THAT(this->store().Apply(this->Event(Kind::kRenewed, "one", sequence), kNoon), IsOk());
  }
  std::vector<absl::Time> times;
  std::optional<PaymentCursor> after;
  for (auto page = this->store().ListPayments(kAnna, after, 1).value(); !page.empty();
       page = this->store().ListPayments(kAnna, after, 1).value()) {
    times.push_back(page[0].create_time);
    after = PaymentCursor{page[0].create_time, page[0].id};
  }
  EXPECT_EQ(times.size(), 4u);
  EXPECT_TRUE(std::is_sorted(times.rbegin(), times.rend()));
}

using PostgresMembershipStoreTest = MembershipStoreContract<PostgresUnderTest>;

TEST_F(PostgresMembershipStoreTest, AnEventThatIsSentAgainAfterItsClaimWasPurgedHasHadItsEffect) {
  Opened("one");
  const PaymentEvent paid = Event(Kind::kCheckoutCompleted, "one");
  ASSERT_THAT(store().Apply(paid, kNoon), IsOk());
  ASSERT_THAT(store().Apply(Event(Kind::kCancelled, "one", 2), kNoon), IsOk());
  const Membership before = store().Get(kAnna).value();
  const absl::Time later = kNoon + kMonth + absl::Hours(1);
  ASSERT_THAT(PurgeMembershipRecords(under_test_.database.pool, later), IsOk());
  EXPECT_THAT(store().Apply(paid, later), IsOk());
  EXPECT_EQ(store().Get(kAnna).value(), before);
  EXPECT_EQ(store().ListPayments(kAnna, std::nullopt, 10)->size(), 1u);
}

class PurgeMembershipRecordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Execute(database_.pool, R"sql(
      INSERT INTO webhook_events VALUES ('test', 'old', '2023-10-14'), ('test', 'new', '2023-10-16');
      INSERT INTO checkouts (checkout_id, account_id, plan_id, provider, return_path, state,
                             create_time, expire_time)
      SELECT gen_random_uuid(), gen_random_uuid(), 'monthly', 'test', '/', state, time, time
      FROM (VALUES (1, '2023-08-15'::timestamptz), (2, '2023-08-15'), (3, '2023-08-15'),
                   (1, '2023-08-17')) c (state, time))sql");
  }
  int Count(const std::string& of) {
    return RunRead<int>(database_.pool,
                        [&](Transaction& tx) -> absl::StatusOr<int> {
                          return tx.exec1("SELECT count(*) FROM " + of)[0].as<int>();
                        })
        .value();
  }
  absl::Status Purge() { return PurgeMembershipRecords(database_.pool, kNoon); }  // 14 November

  TestDatabase database_{MigrationsOf("subscription", migrations::Files())};
};

TEST_F(PurgeMembershipRecordsTest, ForgetsOldEventsAndCheckoutsThatNobodyPaid) {
  ASSERT_THAT(Purge(), IsOk());
  EXPECT_EQ(Count("webhook_events"), 1);
  EXPECT_EQ(Count("checkouts"), 2);
  EXPECT_EQ(Count("checkouts WHERE state = 2"), 1);
}

TEST_F(PurgeMembershipRecordsTest, WhatCannotBePurgedKeepsNothingElse) {
  Execute(database_.pool, "CREATE RULE stay AS ON DELETE TO webhook_events DO INSTEAD SELECT 1/0");
  EXPECT_FALSE(Purge().ok());
  EXPECT_EQ(Count("webhook_events"), 2);
  EXPECT_EQ(Count("checkouts"), 2);
}

TEST_F(PurgeMembershipRecordsTest, ForgetsHoweverManyInSteps) {
  Execute(database_.pool, R"sql(
    INSERT INTO checkouts (checkout_id, account_id, plan_id, provider, return_path, state,
                           create_time, expire_time)
    SELECT gen_random_uuid(), gen_random_uuid(), 'monthly', 'test', '/', 1, '2000-01-01',
           '2000-01-01' FROM generate_series(1, 15000))sql");
  ASSERT_THAT(Purge(), IsOk());
  EXPECT_EQ(Count("checkouts"), 2);
}

}  // namespace
}  // namespace rostrum::subscription
