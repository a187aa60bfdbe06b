#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
  EXPECT_THAT(this->store().Join(kRoom, Member(2)), IsOk());
}

TEST(PostgresRoomStoreTest, ANewNameIsKnownInEveryRoom) {
  PostgresUnderTest under_test;
  ASSERT_THAT(under_test.store.Join(kRoom, Member(1)), IsOk());
  ASSERT_THAT(under_test.store.Join(kRoom, Member(2)), IsOk());
  ASSERT_THAT(RunTx(under_test.database.pool,
                    [](Transaction& tx) {
                      RenameRoomMember(tx, Account(1), "Somebody");
                      return absl::OkStatus();
                    }),
              IsOk());
  EXPECT_EQ(under_test.store.Find(kRoom, Account(1)).value()->display_name, "Somebody");
  EXPECT_EQ(under_test.store.Find(kRoom, Account(2)).value()->display_name, "Member 2");
}

}  // namespace
}  // namespace rostrum::feed
