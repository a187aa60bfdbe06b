#include "services/subscription/superfluous.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/log.h"
#include "services/common/postgres/transaction.h"
#include "services/subscription/postgres_membership_store.h"
#include "services/subscription/test_payment_provider.h"
#include "subscription_migrations.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::subscription {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kUnknown[] = "00000000-0000-7000-8000-000000000001";

std::vector<std::string>* lines = nullptr;

// The real store and the test provider with its books.
class CancelSuperfluousTest : public ::testing::Test {
 protected:
  ~CancelSuperfluousTest() override { SetLogSink(nullptr); }
  void SetUp() override {
    lines = &written_;
    SetLogSink([](const std::string& line) { lines->push_back(line); });
  }

  // What somebody has paid at the provider, of a checkout that is not known here.
  std::string Sell() {
    const CheckoutId id(NewUuid(clock_.Now()));
    EXPECT_THAT(provider_.OpenCheckout({.checkout_id = id,
                                        .plan = {.price = {"EUR", 700}},
                                        .return_path = "/",
                                        .expire_time = clock_.Now() + absl::Hours(1)}),
                IsOk());
    EXPECT_THAT(provider_.Approve(id.value(), /*fail_renewals=*/false), IsOk());
    return id.value();
  }
  void Add(const std::string& subscription) {
    Execute(database_.pool,
            "INSERT INTO superfluous_subscriptions VALUES ('" + subscription + "', '2023-11-14')");
  }
  void AddUnknown(int count) {
    Execute(database_.pool,
            absl::StrCat("INSERT INTO superfluous_subscriptions SELECT gen_random_uuid(), "
                         "'2000-01-01' FROM generate_series(1, ",
                         count, ")"));
  }
  int Cancelled() {
    return RunRead<int>(
               database_.pool,
               [](Transaction& tx) -> absl::StatusOr<int> {
                 return tx.exec1("SELECT count(cancel_time) FROM test_subscriptions")[0].as<int>();
               })
        .value();
  }
  absl::StatusOr<int> Cancel() { return CancelSuperfluous(store_, provider_); }

  std::vector<std::string> written_;
  TestDatabase database_{MigrationsOf("subscription", migrations::Files())};
  OutboxSignal signal_;
  PostgresMembershipStore store_{database_.pool, signal_, MembershipSettings()};
  FakeClock clock_;
  TestPaymentProvider provider_{
      database_.pool, {.secrets = {"secret"}, .period_override = absl::Hours(1)}, clock_};
};

TEST_F(CancelSuperfluousTest, StopsWhatRunsAndForgetsWhatIsOver) {
  Add(Sell());
  clock_.Advance(absl::Hours(1));
  Add(Sell());
  EXPECT_THAT(Cancel(), IsOkAndHolds(2));
  EXPECT_EQ(Cancelled(), 1);
  EXPECT_THAT(store_.ListSuperfluous(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Cancel(), IsOkAndHolds(0));
  EXPECT_THAT(written_, IsEmpty());
}

TEST_F(CancelSuperfluousTest, ForgetsAndNamesWhatTheProviderDoesNotKnow) {
  Add(kUnknown);
  EXPECT_THAT(Cancel(), IsOkAndHolds(0));
  EXPECT_THAT(store_.ListSuperfluous(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(written_, ElementsAre(AllOf(HasSubstr(R"("level":"error")"), HasSubstr(kUnknown))));
}

TEST_F(CancelSuperfluousTest, ManyThatTheProviderDoesNotKnowAreInTheWayOfNone) {
  AddUnknown(100);
  Add(Sell());
  for (int times = 0; times < 100 && Cancelled() == 0; ++times) EXPECT_THAT(Cancel(), IsOk());
  EXPECT_EQ(Cancelled(), 1);
}

// A provider that has no answer about some of the subscriptions.
class SilentProvider : public TestPaymentProvider {
 public:
  using TestPaymentProvider::TestPaymentProvider;
  absl::StatusOr<PaymentEvent> Cancel(const std::string& subscription) override {
    auto cancelled = TestPaymentProvider::Cancel(subscription);
    if (absl::IsNotFound(cancelled.status())) return absl::UnavailableError("no answer");
    return cancelled;
  }
};

TEST_F(CancelSuperfluousTest, ManyThatTheProviderCannotStopAreInTheWayOfNone) {
  SilentProvider provider(database_.pool, {.secrets = {"secret"}}, clock_);
  AddUnknown(100);
  Add(Sell());
  for (int times = 0; times < 100 && Cancelled() == 0; ++times) {
    EXPECT_THAT(CancelSuperfluous(store_, provider), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(Cancelled(), 1);
}

}  // namespace
}  // namespace rostrum::subscription
