#include "services/subscription/verified_accounts.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/account/v1/events.pb.h"
#include "subscription_migrations.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::subscription {
namespace {

using ::testing::HasSubstr;

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");
const std::string kPerson(32, 'p');

class VerifiedAccountsTest : public ::testing::Test {
 protected:
  // Applies a batch as EventConsumer does, up to the commit; `end` decides about that.
  absl::Status Try(const std::vector<account::v1::AccountVerified>& batch,
                   const absl::Status& end) {
    return RunTx(database_.pool, [&](Transaction& tx) -> absl::Status {
      consumer_.begin();
      for (const account::v1::AccountVerified& verified : batch) {
        event::v1::Event event;
        event.mutable_payload()->PackFrom(verified);
        RETURN_IF_ERROR(consumer_.handlers.at(verified.GetDescriptor()->full_name())(tx, event));
      }
      return end;
    });
  }
  absl::Status Apply(const std::vector<account::v1::AccountVerified>& batch) {
    RETURN_IF_ERROR(Try(batch, absl::OkStatus()));
    consumer_.applied();
    return absl::OkStatus();
  }
  static account::v1::AccountVerified Verified(const AccountId& account_id, bool accepted = true) {
    account::v1::AccountVerified verified;
    verified.set_account_id(account_id.value());
    verified.set_person_key(kPerson);
    verified.set_trial_accepted(accepted);
    return verified;
  }
  void ExpectCounted(int count) {
    EXPECT_THAT(database_.metrics.Expose(),
                HasSubstr(absl::StrCat("trials_started_total ", count)));
  }

  TestDatabase database_{MigrationsOf("subscription", migrations::Files())};
  OutboxSignal signal_;
  FakeClock clock_;
  PostgresTrialStore trials_{database_.pool, signal_, absl::Hours(24 * 14), database_.metrics};
  VerifiedAccounts accounts_{trials_, signal_, clock_};
  const EventConsumer::Options consumer_ = accounts_.ConsumerOptions();
};

TEST_F(VerifiedAccountsTest, StartsTheTrialOfWhoAcceptedIt) {
  ASSERT_THAT(Apply({Verified(kAnna, false)}), IsOk());
  EXPECT_THAT(trials_.Get(kAnna).status(), HasReason("NO_TRIAL"));
  ASSERT_THAT(Apply({Verified(kAnna)}), IsOk());
  EXPECT_EQ(trials_.Get(kAnna)->start_time, clock_.Now());
  ExpectCounted(1);
}

TEST_F(VerifiedAccountsTest, ARepeatedEventFindsTheTrialStarted) {
  ASSERT_THAT(Apply({Verified(kAnna), Verified(kAnna)}), IsOk());
  const absl::Time start = clock_.Now();
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(Apply({Verified(kAnna)}), IsOk());
  EXPECT_EQ(trials_.Get(kAnna)->start_time, start);
  ExpectCounted(1);
}

TEST_F(VerifiedAccountsTest, FindsTheTrialThatAccountsCallStarted) {
  ASSERT_THAT(trials_.Start(kAnna, kPerson, clock_.Now()), IsOk());
  ASSERT_THAT(Apply({Verified(kAnna)}), IsOk());
  ExpectCounted(1);
}

TEST_F(VerifiedAccountsTest, WhoHadATrialBeforeHoldsUpNobody) {
  account::v1::AccountVerified another = Verified(kBert);
  another.set_person_key(std::string(32, 'q'));
  const AccountId second("00000000-0000-7000-8000-00000000000c");
  ASSERT_THAT(Apply({Verified(kAnna), Verified(second), another}), IsOk());
  EXPECT_THAT(trials_.Get(second).status(), HasReason("NO_TRIAL"));
  EXPECT_THAT(trials_.Get(kBert), IsOk());
  ExpectCounted(2);
}

TEST_F(VerifiedAccountsTest, CountsNoTrialThatWasRolledBack) {
  ASSERT_THAT(Try({Verified(kAnna)}, absl::AbortedError("undone")),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(trials_.Get(kAnna).status(), HasReason("NO_TRIAL"));
  ASSERT_THAT(Apply({Verified(kAnna)}), IsOk());
  ExpectCounted(1);
}

TEST_F(VerifiedAccountsTest, WhatIsNoSuchEventIsAFault) {
  const auto& handler = consumer_.handlers.begin()->second;
  EXPECT_THAT(
      RunTx(database_.pool, [&](Transaction& tx) { return handler(tx, event::v1::Event()); }),
      StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace rostrum::subscription
