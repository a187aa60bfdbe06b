#include "services/content/reader_access.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/subscription/v1/events.pb.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"
#include "tests/services/content/fake_reading.h"
#include "tests/services/content/worlds.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

namespace spb = rostrum::subscription::v1;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Mode = ReaderAccess::Mode;

PostFacts Post(AccessLevel level) {
  return {.id = PostId("00000000-0000-7000-8000-000000000001"),
          .published = true,
          .access_level = level,
          .author_account_id = kAnna};
}

Reader Account(const AccountId& id, const std::set<std::string>& roles = {}) {
  return {.account_id = id, .roles = roles};
}

class ReaderAccessTest : public ::testing::Test {
 protected:
  absl::StatusOr<spb::ReadingAccess> Decide(AccessLevel level, const Reader& reader,
                                            Mode mode = Mode::kRead) {
    return access_.Decide(Post(level), reader, mode);
  }

  FakeClock clock_{kNoon};
  FakeEntitlementStore entitlements_;
  FakeSubscriptionClient subscription_;
  ReaderAccess access_{entitlements_, subscription_, clock_};
};

TEST_F(ReaderAccessTest, PublicPostsAreForEverybodyWithoutAQuestion) {
  subscription_.Answer(Unavailable("away"));
  for (const Reader& reader : {Reader{}, Account(kBert), Account(kAnna, {"editor"})}) {
    const auto access = Decide(spb::ACCESS_LEVEL_PUBLIC, reader);
    ASSERT_THAT(access, IsOk());
    EXPECT_TRUE(access->granted());
    EXPECT_EQ(access->reason(), spb::ACCESS_REASON_PUBLIC);
    EXPECT_EQ(FromProtoTime(access->server_time()), kNoon);
  }
  EXPECT_THAT(subscription_.asked(), IsEmpty());
}

TEST_F(ReaderAccessTest, ThoseWhoMadeItReadItWithoutAQuestion) {
  subscription_.Answer(Unavailable("away"));
  for (const AccessLevel level : {spb::ACCESS_LEVEL_METERED, spb::ACCESS_LEVEL_PREMIUM}) {
    for (const Reader& reader :
         {Account(kAnna), Account(kBert, {"editor"}), Account(kBert, {"admin"})}) {
      const auto access = Decide(level, reader);
      ASSERT_THAT(access, IsOk());
      EXPECT_TRUE(access->granted());
      EXPECT_EQ(access->reason(), spb::ACCESS_REASON_STAFF);
    }
  }
  EXPECT_THAT(subscription_.asked(), IsEmpty());
}

TEST_F(ReaderAccessTest, NobodyElseIsStaff) {
  subscription_.Answer(false, spb::ACCESS_REASON_PREMIUM);
  for (const Reader& reader :
       {Account(kBert), Account(kBert, {"author", "moderator"}),
        Reader{.roles = {"editor"}}}) {  // roles without an account mean nothing
    EXPECT_FALSE(Decide(spb::ACCESS_LEVEL_PREMIUM, reader)->granted());
  }
  // A byline without an account is not everybody's who has none.
  PostFacts agency = Post(spb::ACCESS_LEVEL_PREMIUM);
  agency.author_account_id = AccountId();
  EXPECT_FALSE(access_.Decide(agency, Reader{}, Mode::kRead)->granted());
  EXPECT_THAT(subscription_.asked(), SizeIs(4));
}

TEST_F(ReaderAccessTest, KnownMembersReadWithoutAQuestionUntilItEnds) {
  subscription_.Answer(false, spb::ACCESS_REASON_PREMIUM);
  const absl::Time end = kNoon + absl::Hours(1);
  entitlements_.Set(kBert, {spb::ACCESS_REASON_TRIAL, end});
  for (const AccessLevel level : {spb::ACCESS_LEVEL_METERED, spb::ACCESS_LEVEL_PREMIUM}) {
    const auto access = Decide(level, Account(kBert));
    ASSERT_THAT(access, IsOk());
    EXPECT_TRUE(access->granted());
    EXPECT_EQ(access->reason(), spb::ACCESS_REASON_TRIAL);
    EXPECT_EQ(FromProtoTime(access->entitlement_end_time()), end);
    EXPECT_FALSE(access->has_meter());
  }
  EXPECT_THAT(subscription_.asked(), IsEmpty());
  clock_.Advance(absl::Hours(1));
  EXPECT_FALSE(Decide(spb::ACCESS_LEVEL_PREMIUM, Account(kBert))->granted());
  EXPECT_THAT(subscription_.asked(), SizeIs(1));
}

TEST_F(ReaderAccessTest, SubscriptionDecidesTheRest) {
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 3);
  const Reader visitor{.visitor = {.id = "pass", .secret = "secret", .fresh = true},
                       .network = "net"};
  const auto access = Decide(spb::ACCESS_LEVEL_METERED, visitor);
  ASSERT_THAT(access, IsOk());
  EXPECT_EQ(access->meter().used(), 3);
  const spb::CheckAccessRequest asked = subscription_.asked().at(0);
  EXPECT_EQ(asked.post_id(), Post(spb::ACCESS_LEVEL_METERED).id.value());
  EXPECT_EQ(asked.access_level(), spb::ACCESS_LEVEL_METERED);
  EXPECT_EQ(asked.account_id(), "");
  EXPECT_EQ(asked.visitor().id(), "pass");
  EXPECT_EQ(asked.visitor().secret(), "secret");
  EXPECT_TRUE(asked.visitor().fresh());
  EXPECT_EQ(asked.network(), "net");
  EXPECT_FALSE(asked.peek());

  ASSERT_THAT(Decide(spb::ACCESS_LEVEL_PREMIUM, Account(kBert), Mode::kPeek), IsOk());
  EXPECT_TRUE(subscription_.asked().at(1).peek());
  EXPECT_EQ(subscription_.asked().at(1).account_id(), kBert.value());
  EXPECT_FALSE(subscription_.asked().at(1).has_visitor());
}

TEST_F(ReaderAccessTest, AnOutageOpensMeteredPostsAndNoOthers) {
  for (const absl::Status& away : {Unavailable("away"), absl::DeadlineExceededError("slow")}) {
    subscription_.Answer(away);
    const auto metered = Decide(spb::ACCESS_LEVEL_METERED, Reader{});
    ASSERT_THAT(metered, IsOk());
    EXPECT_TRUE(metered->granted());
    EXPECT_EQ(metered->reason(), spb::ACCESS_REASON_METER_UNAVAILABLE);
    const auto premium = Decide(spb::ACCESS_LEVEL_PREMIUM, Account(kBert));
    EXPECT_THAT(premium.status(), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(premium.status(), HasReason("ACCESS_UNKNOWN"));
    EXPECT_TRUE(DetailsOf(premium.status()).retry_after.has_value());
  }
}

TEST_F(ReaderAccessTest, AnErrorThatIsNoOutageOpensNothing) {
  subscription_.Answer(absl::InvalidArgumentError("not like this"));
  EXPECT_THAT(Decide(spb::ACCESS_LEVEL_METERED, Reader{}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// What subscription tells is kept in PostgreSQL.
class EntitlementStoreTest : public ::testing::Test {
 protected:
  void Apply(const AccountId& account, bool entitled, absl::Time end) {
    spb::EntitlementChanged changed;
    changed.set_account_id(account.value());
    changed.set_entitled(entitled);
    changed.set_reason(spb::ACCESS_REASON_MEMBERSHIP);
    *changed.mutable_end_time() = ToProtoTime(end);
    event::v1::Event event;
    event.mutable_payload()->PackFrom(changed);
    ASSERT_THAT(RunTx(world_.database.pool,
                      [&](Transaction& tx) { return ApplyEntitlementChanged(tx, event); }),
                IsOk());
  }

  PostgresWorld world_;
  PostgresEntitlementStore store_{world_.database.pool};
};

TEST_F(EntitlementStoreTest, KnowsWhatStillRuns) {
  EXPECT_FALSE(store_.Find(kAnna, kNoon)->has_value());
  Apply(kAnna, true, kNoon + absl::Hours(1));
  const auto known = store_.Find(kAnna, kNoon);
  ASSERT_THAT(known, IsOk());
  ASSERT_TRUE(known->has_value());
  EXPECT_EQ((*known)->reason, spb::ACCESS_REASON_MEMBERSHIP);
  EXPECT_EQ((*known)->end_time, kNoon + absl::Hours(1));
  EXPECT_FALSE(store_.Find(kBert, kNoon)->has_value());
  EXPECT_FALSE(store_.Find(kAnna, kNoon + absl::Hours(1))->has_value());
}

TEST_F(EntitlementStoreTest, TheLastWordCounts) {
  Apply(kAnna, true, kNoon + absl::Hours(1));
  Apply(kAnna, true, kNoon + absl::Hours(9));
  EXPECT_EQ(store_.Find(kAnna, kNoon).value()->end_time, kNoon + absl::Hours(9));
  Apply(kAnna, false, kNoon);
  EXPECT_FALSE(store_.Find(kAnna, kNoon)->has_value());
  Apply(kAnna, true, kNoon + absl::Hours(1));
  ASSERT_THAT(store_.Clear([](Transaction&) { return absl::OkStatus(); }), IsOk());
  EXPECT_FALSE(store_.Find(kAnna, kNoon)->has_value());
}

}  // namespace
}  // namespace rostrum::content
