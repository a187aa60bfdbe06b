#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "feed_migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/ids.h"
#include "services/feed/postgres_follow_store.h"
#include "tests/services/feed/fake_follow_store.h"
#include "tests/support/in_parallel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");

Target Thing(FollowKind kind, const std::string& name) {
  static std::map<std::string, std::string> ids;
  std::string& id = ids[name];
  if (id.empty()) id = NewUuid(kNoon);
  return {.kind = kind, .id = id, .display_name = name, .slug = name};
}

// Both make an account follow `count` topics.
struct PostgresUnderTest {
  TestDatabase database{MigrationsOf("feed", migrations::Files())};
  PostgresFollowStore store{database.pool};

  void FollowTopics(const AccountId& account_id, int count) {
    Execute(database.pool,
            absl::StrCat("WITH topics AS (INSERT INTO targets SELECT 3, gen_random_uuid(), 'a', 'a'"
                         " FROM generate_series(1, ",
                         count, ") RETURNING target_id) INSERT INTO follows SELECT '",
                         account_id.value(), "', 3, target_id, now() FROM topics"));
  }
};
struct FakeUnderTest {
  FakeFollowStore store;

  void FollowTopics(const AccountId& account_id, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_THAT(store.Create(account_id, {FollowKind::kTopic, NewUuid(kNoon), "a", "a"}, kNoon),
                  IsOk());
    }
  }
};

// What every FollowStore does, the real one and the fake.
template <class UnderTest>
class FollowStoreContract : public ::testing::Test {
 protected:
  std::vector<std::string> Names(std::optional<FollowKind> kind = std::nullopt) {
    std::vector<std::string> names;
    const std::vector<Follow> follows = store().List(kAnna, kind, std::nullopt, 100).value();
    for (const Follow& follow : follows) names.push_back(follow.target.display_name);
    return names;
  }
  FollowStore& store() { return under_test_.store; }
  UnderTest under_test_;
};
using Stores = ::testing::Types<FakeUnderTest, PostgresUnderTest>;
TYPED_TEST_SUITE(FollowStoreContract, Stores);

TYPED_TEST(FollowStoreContract, FollowingTwiceIsFollowingOnce) {
  const Target channel = Thing(FollowKind::kChannel, "channel");
  const auto first = this->store().Create(kAnna, channel, kNoon);
  const auto second = this->store().Create(kAnna, channel, kNoon + absl::Hours(1));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->create_time, kNoon);
  EXPECT_THAT(this->Names(), ElementsAre("channel"));
}

TYPED_TEST(FollowStoreContract, ListsNewestFirstAndByKind) {
  ASSERT_THAT(this->store().Create(kAnna, Thing(FollowKind::kChannel, "channel"), kNoon), IsOk());
  ASSERT_THAT(
      this->store().Create(kAnna, Thing(FollowKind::kTopic, "topic"), kNoon + absl::Seconds(1)),
      IsOk());
  ASSERT_THAT(this->store().Create(kBert, Thing(FollowKind::kAuthor, "author"), kNoon), IsOk());
  EXPECT_THAT(this->Names(), ElementsAre("topic", "channel"));
  EXPECT_THAT(this->Names(FollowKind::kChannel), ElementsAre("channel"));
  EXPECT_THAT(this->Names(FollowKind::kAuthor), IsEmpty());
}

TYPED_TEST(FollowStoreContract, PagesWithoutGapsWhenTimesAreEqual) {
  for (const char* name : {"a", "b", "c", "d"}) {
    ASSERT_THAT(this->store().Create(kAnna, Thing(FollowKind::kTopic, name), kNoon), IsOk());
  }
  std::set<std::string> names;
  std::optional<FollowCursor> after;
  for (int page = 0; page < 4; ++page) {
    const auto follows = this->store().List(kAnna, std::nullopt, after, 1).value();
    ASSERT_EQ(follows.size(), 1u);
    names.insert(follows[0].target.display_name);
    after = FollowCursor{follows[0].create_time, follows[0].target.kind, follows[0].target.id};
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(this->store().List(kAnna, std::nullopt, after, 1).value(), IsEmpty());
}

TYPED_TEST(FollowStoreContract, UnfollowingCanBeRepeated) {
  const Target channel = Thing(FollowKind::kChannel, "channel");
  ASSERT_THAT(this->store().Create(kAnna, channel, kNoon), IsOk());
  EXPECT_THAT(this->store().Delete(kAnna, channel.kind, channel.id), IsOk());
  EXPECT_THAT(this->store().Delete(kAnna, channel.kind, channel.id), IsOk());
  EXPECT_THAT(this->Names(), IsEmpty());
}

TYPED_TEST(FollowStoreContract, WhatIsKnownKeepsItsName) {
  Target channel = Thing(FollowKind::kChannel, "channel");
  ASSERT_THAT(this->store().Create(kAnna, channel, kNoon), IsOk());
  channel.display_name = channel.slug = "its name before";
  const auto follow = this->store().Create(kBert, channel, kNoon);
  ASSERT_THAT(follow, IsOk());
  EXPECT_EQ(follow->target.display_name, "channel");
  EXPECT_EQ(follow->target.slug, "channel");
}

TYPED_TEST(FollowStoreContract, AnAccountFollowsSoManyThingsAtMost) {
  const Target last = Thing(FollowKind::kChannel, "last");
  this->under_test_.FollowTopics(kAnna, kMaxFollows - 1);
  ASSERT_THAT(this->store().Create(kAnna, last, kNoon), IsOk());
  const Target more = Thing(FollowKind::kChannel, "one more");
  EXPECT_THAT(this->store().Create(kAnna, more, kNoon).status(), HasReason("TOO_MANY_FOLLOWS"));
  EXPECT_THAT(this->store().Get(kAnna, more.kind, more.id).status(), HasReason("FOLLOW_NOT_FOUND"));
  EXPECT_THAT(this->store().Create(kAnna, last, kNoon), IsOk());  // a repeat
  EXPECT_THAT(this->store().Create(kBert, more, kNoon), IsOk());
  ASSERT_THAT(this->store().Delete(kAnna, last.kind, last.id), IsOk());
  EXPECT_THAT(this->store().Create(kAnna, more, kNoon), IsOk());
}

TYPED_TEST(FollowStoreContract, ParallelFollowsOfOneThingAreOne) {
  const Target channel = Thing(FollowKind::kChannel, "channel");
  InParallel(8, [&](int) { EXPECT_THAT(this->store().Create(kAnna, channel, kNoon), IsOk()); });
  EXPECT_THAT(this->Names(), ElementsAre("channel"));
}

}  // namespace
}  // namespace rostrum::feed
