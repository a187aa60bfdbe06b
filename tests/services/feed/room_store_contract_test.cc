#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "feed_migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "services/feed/postgres_room_store.h"
#include "tests/services/feed/fake_room_store.h"
#include "tests/support/in_parallel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::feed {
namespace {

using ::testing::ElementsAre;

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
const ChannelId kRoom("00000000-0000-7000-8000-0000000000c1");

AccountId Account(int number) {
  return AccountId(absl::StrFormat("00000000-0000-7000-8000-%012d", number));
}
RoomMember Member(int number, bool listed = true, absl::Time time = kNoon) {
  return {.account_id = Account(number),
          .display_name = absl::StrCat("Member ", number),
          .listed = listed,
          .join_time = time};
}

struct PostgresUnderTest {
  TestDatabase database{MigrationsOf("feed", migrations::Files())};
  PostgresRoomStore store{database.pool};
};

struct FakeUnderTest {
  FakeRoomStore store;
};

// What every RoomStore does, the real one and the fake.
template <class UnderTest>
class RoomStoreContract : public ::testing::Test {
 protected:
  std::vector<std::string> Listed(const std::optional<RoomCursor>& after = std::nullopt,
                                  int limit = 10) {
    std::vector<std::string> names;
    const auto members = store().ListListed(kRoom, after, limit);
    for (const RoomMember& member : members.value()) {
      names.push_back(member.display_name);
    }
    return names;
  }
  RoomStore& store() { return under_test_.store; }

  UnderTest under_test_;
};

using Stores = ::testing::Types<FakeUnderTest, PostgresUnderTest>;
TYPED_TEST_SUITE(RoomStoreContract, Stores);

TYPED_TEST(RoomStoreContract, JoinsOnceAndKeepsTheTime) {
  ASSERT_THAT(this->store().Join(kRoom, Member(1)), IsOk());
  RoomMember again = Member(1, /*listed=*/false, kNoon + absl::Hours(1));
  again.display_name = "Renamed";
  const auto joined = this->store().Join(kRoom, again);
  ASSERT_THAT(joined, IsOk());
  EXPECT_EQ(joined->join_time, kNoon);
  EXPECT_EQ(joined->display_name, "Member 1") << "an old identity may hold an old name";
  EXPECT_FALSE(joined->listed);
  EXPECT_EQ(this->store().Count(kRoom).value(), 1);
  EXPECT_FALSE(this->store().Find(kRoom, Account(1)).value()->listed);
}

TYPED_TEST(RoomStoreContract, LeavingLeavesNothing) {
  ASSERT_THAT(this->store().Join(kRoom, Member(1)), IsOk());
  EXPECT_THAT(this->store().Leave(kRoom, Account(1)), IsOk());
  EXPECT_THAT(this->store().Leave(kRoom, Account(1)), IsOk());
  EXPECT_FALSE(this->store().Find(kRoom, Account(1)).value().has_value());
  EXPECT_EQ(this->store().Count(kRoom).value(), 0);
}

TYPED_TEST(RoomStoreContract, ListsOnlyWhoWantsToBeSeenByTimeOfJoining) {
  ASSERT_THAT(this->store().Join(kRoom, Member(3)), IsOk());
  ASSERT_THAT(this->store().Join(kRoom, Member(2)), IsOk());
  ASSERT_THAT(this->store().Join(kRoom, Member(1, true, kNoon + absl::Hours(1))), IsOk());
  ASSERT_THAT(this->store().Join(kRoom, Member(4, false)), IsOk());
  EXPECT_EQ(this->store().Count(kRoom).value(), 4);
  EXPECT_THAT(this->Listed(), ElementsAre("Member 2", "Member 3", "Member 1"));
  EXPECT_THAT(this->Listed(std::nullopt, 1), ElementsAre("Member 2"));
  EXPECT_THAT(this->Listed(RoomCursor{kNoon, Account(2)}), ElementsAre("Member 3", "Member 1"));
}

TYPED_TEST(RoomStoreContract, RoomsAreApart) {
  ASSERT_THAT(this->store().Join(kRoom, Member(1)), IsOk());
  const ChannelId other("00000000-0000-7000-8000-0000000000c2");
  EXPECT_FALSE(this->store().Find(other, Account(1)).value().has_value());
  EXPECT_EQ(this->store().Count(other).value(), 0);
}

TYPED_TEST(RoomStoreContract, AnAccountIsInSoManyRoomsAtMost) {
  InParallel(2, [&](int half) {
    for (int i = 0; i < kMaxRooms / 2; ++i) {
      const ChannelId room(absl::StrFormat("00000000-0000-7000-8000-%012d", half * 1000 + i));
      EXPECT_THAT(this->store().Join(room, Member(1)), IsOk());
    }
  });
  EXPECT_THAT(this->store().Join(kRoom, Member(1)).status(), HasReason("TOO_MANY_ROOMS"));
  EXPECT_FALSE(this->store().Find(kRoom, Account(1)).value().has_value());
  EXPECT_EQ(this->store().Count(kRoom).value(), 0);
  EXPECT_THAT(this->store().Join(kRoom, Member(2)), IsOk());
}

TYPED_TEST(RoomStoreContract, CountsWhoJoinsAndLeavesAtOnce) {
  InParallel(8, [&](int i) {
    EXPECT_THAT(this->store().Join(kRoom, Member(i)), IsOk());
    EXPECT_THAT(this->store().Join(kRoom, Member(i)), IsOk());
    if (i % 2 == 0) {
      EXPECT_THAT(this->store().Leave(kRoom, Account(i)), IsOk());
    }
  });
  EXPECT_EQ(this->store().Count(kRoom).value(), 4);
}

class PostgresRoomStoreTest : public ::testing::Test {
 protected:
  // Tells the first member's new name; `before_commit` runs before others can see it.
  void Rename(
      absl::Time now = kNoon, const std::function<void()>& before_commit = [] {}) {
    ASSERT_THAT(RunTx(under_test_.database.pool,
                      [&](Transaction& tx) {
                        RenameRoomMember(tx, Account(1), "Somebody", now);
                        before_commit();
                        return absl::OkStatus();
                      }),
                IsOk());
  }
  void Join(int number) { ASSERT_THAT(under_test_.store.Join(kRoom, Member(number)), IsOk()); }
  std::string NameOf(int number) {
    return under_test_.store.Find(kRoom, Account(number)).value()->display_name;
  }
  std::vector<std::string> KnownAfter(int number) {
    return RunRead<std::vector<std::string>>(
               under_test_.database.pool,
               [&](Transaction& tx) -> absl::StatusOr<std::vector<std::string>> {
                 std::vector<std::string> ids;
                 for (const pqxx::row& row : tx.Exec(kKnownNames, Account(number).value())) {
                   ids.push_back(row[0].as<std::string>());
                 }
                 return ids;
               })
        .value();
  }

  PostgresUnderTest under_test_;
};

TEST_F(PostgresRoomStoreTest, ANewNameIsKnownInEveryRoom) {
  Join(1);
  Join(2);
  Rename();
  EXPECT_EQ(NameOf(1), "Somebody");
  EXPECT_EQ(NameOf(2), "Member 2");
}

TEST_F(PostgresRoomStoreTest, WhoJoinsWithAnOldIdentityHasTheNewName) {
  Rename();
  Join(1);
  EXPECT_EQ(NameOf(1), "Somebody");
}

// A former release, rolled back to, keeps no names that are told to it.
TEST_F(PostgresRoomStoreTest, ANameThatWasToldLongerAgoIsNotNewerThanAnIdentity) {
  Rename(kNoon - absl::Minutes(10));
  Join(1);
  EXPECT_EQ(NameOf(1), "Member 1");
}

TEST_F(PostgresRoomStoreTest, ANameThatIsToldOnceMoreIsNewAgain) {
  Rename(kNoon - absl::Hours(1));
  Rename(kNoon - absl::Minutes(9));
  Join(1);
  EXPECT_EQ(NameOf(1), "Somebody");
}

TEST_F(PostgresRoomStoreTest, NamesAreKeptForADay) {
  PgPool& pool = under_test_.database.pool;
  const auto kept = [&] {
    return RunRead<int>(pool, [](Transaction& tx) -> absl::StatusOr<int> {
      return tx.exec1("SELECT count(*) FROM member_names")[0].as<int>();
    });
  };
  Rename();
  ASSERT_THAT(PurgeMemberNames(pool, kNoon + absl::Hours(24) - absl::Seconds(1)), IsOk());
  EXPECT_THAT(kept(), IsOkAndHolds(1));
  ASSERT_THAT(PurgeMemberNames(pool, kNoon + absl::Hours(24)), IsOk());
  EXPECT_THAT(kept(), IsOkAndHolds(0));
}

TEST_F(PostgresRoomStoreTest, WhoJoinsWhileTheNewNameIsToldHasIt) {
  std::thread joining;
  Rename(kNoon, [&] {
    joining = std::thread([this] { Join(1); });
    absl::SleepFor(absl::Milliseconds(100));  // to join by the old name, if that could be
  });
  joining.join();
  EXPECT_EQ(NameOf(1), "Somebody");
}

TEST_F(PostgresRoomStoreTest, AllWhoAreInRoomsAreAskedFor) {
  for (const int number : {3, 2}) Join(number);
  EXPECT_THAT(KnownAfter(0), ElementsAre(Account(2).value(), Account(3).value()));
  EXPECT_THAT(KnownAfter(2), ElementsAre(Account(3).value()));
}

}  // namespace
}  // namespace rostrum::feed
