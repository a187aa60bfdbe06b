#include "services/account/trial_reminders.h"

#include "rostrum/subscription/v1/events.pb.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"
#include "tests/services/account/postgres_stores.h"

namespace rostrum::account {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TrialRemindersTest : public ::testing::Test {
 protected:
  absl::Status Apply(const AccountId& account_id, absl::Time end_time) {
    subscription::v1::TrialEnding ending;
    ending.set_account_id(account_id.value());
    *ending.mutable_end_time() = ToProtoTime(end_time);
    event::v1::Event event;
    event.mutable_payload()->PackFrom(ending);
    return RunTx(stores_.pool, [&](Transaction& tx) {
      return ApplyTrialEnding(tx, event, h_.mails, h_.clock().Now());
    });
  }
  // Changes the profile of a member.
  void Change(const Member& member, const ProfileChange& change) {
    ASSERT_THAT(
        stores_.accounts.Update(
            member.account_id, [&](Account& stored) { return ChangeProfile(stored, change); },
            h_.clock().Now()),
        IsOk());
  }

  PostgresStores stores_;
  AccountHarness h_{stores_.refs()};
};

TEST_F(TrialRemindersTest, SaysWhenInTheReadersTimeAndHowToStopIt) {
  const Member ada = h_.MakeMember("ada@example.org");
  Change(ada, {.time_zone = "Asia/Tokyo"});
  h_.TakeMails();
  absl::Time end;
  std::string error;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, "2099-07-01T20:30:00Z", &end, &error)) << error;
  ASSERT_THAT(Apply(ada.account_id, end), IsOk());
  const Mail mail = h_.TakeMail();
  EXPECT_EQ(mail.recipient, "ada@example.org");
  const std::string text = Readable(mail.bytes);
  EXPECT_THAT(text, HasSubstr("Thursday, 2 July, at 05:30 (JST)"));
  EXPECT_THAT(text, HasSubstr("/join"));
  EXPECT_THAT(text, HasSubstr("/account#mails"));
}

TEST_F(TrialRemindersTest, IsNotSentOnceTheTrialIsOver) {
  const Member ada = h_.MakeMember("ada@example.org");
  const absl::Time end = h_.clock().Now() + absl::Hours(24);
  ASSERT_THAT(Apply(ada.account_id, end), IsOk());
  const auto claimed = stores_.mails.Claim(h_.clock().Now(), absl::Minutes(1), 100);
  ASSERT_THAT(claimed, IsOk());
  ASSERT_EQ(claimed->size(), 1u);
  EXPECT_EQ(claimed->front().expire_time, end);
}

TEST_F(TrialRemindersTest, WaitsForNoChangeOfTheAccount) {
  const Member ada = h_.MakeMember("ada@example.org");
  pqxx::connection other(stores_.database.url);
  Transaction change(other);
  change.exec("SELECT 1 FROM accounts FOR NO KEY UPDATE");
  ASSERT_THAT(Apply(ada.account_id, h_.clock().Now() + absl::Hours(24)), IsOk());
  EXPECT_EQ(h_.TakeMails().size(), 1u);
}

TEST_F(TrialRemindersTest, WhoSwitchedItOffGetsNone) {
  const Member ada = h_.MakeMember("ada@example.org");
  h_.TakeMails();
  Change(ada, {.trial_reminders = false});
  ASSERT_THAT(Apply(ada.account_id, h_.clock().Now() + absl::Hours(24)), IsOk());
  EXPECT_THAT(h_.TakeMails(), IsEmpty());
  Change(ada, {.trial_reminders = true});
  ASSERT_THAT(Apply(ada.account_id, h_.clock().Now() + absl::Hours(24)), IsOk());
  EXPECT_EQ(h_.TakeMails().size(), 1u);
}

TEST_F(TrialRemindersTest, TooLateOrForNobodyIsNoMail) {
  const Member ada = h_.MakeMember("ada@example.org");
  h_.TakeMails();
  ASSERT_THAT(Apply(ada.account_id, h_.clock().Now()), IsOk());
  ASSERT_THAT(
      Apply(AccountId("00000000-0000-7000-8000-00000000dead"), h_.clock().Now() + absl::Hours(24)),
      IsOk());
  EXPECT_THAT(h_.TakeMails(), IsEmpty());
}

}  // namespace
}  // namespace rostrum::account
