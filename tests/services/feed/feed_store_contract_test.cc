#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "feed_migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "services/feed/post_projection.h"
#include "services/feed/postgres_feed_store.h"
#include "services/feed/postgres_follow_store.h"
#include "tests/services/feed/fake_feed_store.h"
#include "tests/services/feed/posts.h"
#include "tests/support/in_parallel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");

struct PostgresUnderTest {
  TestDatabase database{MigrationsOf("feed", migrations::Files())};
  PostgresFollowStore follows{database.pool};
  PostgresFeedStore store{database.pool};

  void Publish(const content::v1::PostSummary& post) {
    ASSERT_THAT(RunTx(database.pool, [&](Transaction& tx) { return ApplyPublished(tx, post); }),
                IsOk());
  }
  void Follow(const AccountId& account_id, const Target& target) {
    ASSERT_THAT(follows.Create(account_id, target, kNoon), IsOk());
  }
};
struct FakeUnderTest {
  FakeFeedStore store;

  void Publish(const content::v1::PostSummary& post) { store.Publish(post); }
  void Follow(const AccountId& account_id, const Target& target) {
    store.Follow(account_id, target, kNoon);
  }
};

// What every FeedStore does, the real one and the fake.
template <class UnderTest>
class FeedStoreContract : public ::testing::Test {
 protected:
  void Publish(const std::string& title, int minute, const std::string& channel = "channel",
               const std::string& author = "author", const std::vector<std::string>& topics = {}) {
    under_test_.Publish(Post(title, minute, channel, author, topics));
  }
  void Follow(FollowKind kind, const std::string& name, const AccountId& account_id = kAnna) {
    under_test_.Follow(account_id, Named(kind, name));
  }
  std::vector<FeedItem> Items(const AccountId& account_id = kAnna,
                              const std::optional<FeedPlace>& after = std::nullopt,
                              int limit = 100) {
    return store().List(account_id, after, limit).value();
  }
  static std::vector<std::string> TitlesOf(const std::vector<FeedItem>& items) {
    std::vector<std::string> titles;
    for (const FeedItem& item : items) titles.push_back(item.post.title());
    return titles;
  }
  int Unread(const AccountId& account_id = kAnna) {
    return store().State(account_id).value().unread_count;
  }
  FeedStore& store() { return under_test_.store; }

  UnderTest under_test_;
};
using Stores = ::testing::Types<FakeUnderTest, PostgresUnderTest>;
TYPED_TEST_SUITE(FeedStoreContract, Stores);

TYPED_TEST(FeedStoreContract, ShowsEverythingOfWhatIsFollowedNewestFirstAndOnce) {
  this->Publish("old", 1, "channel", "author", {"topic"});
  this->Publish("new", 3, "channel", "other author");
  this->Publish("middle", 2, "other channel", "author", {"topic"});
  this->Publish("elsewhere", 4, "other channel", "other author", {"other topic"});
  this->Follow(FollowKind::kChannel, "channel");
  this->Follow(FollowKind::kTopic, "topic");
  const std::vector<FeedItem> items = this->Items();
  EXPECT_THAT(this->TitlesOf(items), ElementsAre("new", "middle", "old"));
  EXPECT_EQ(items[0].place.publish_time, kNoon + absl::Minutes(3));
  EXPECT_EQ(items[0].place.post_id, PostId(Uuid("post new")));
}

TYPED_TEST(FeedStoreContract, SaysEveryReasonInOrder) {
  this->Publish("post", 1, "channel", "author", {"topic", "other topic", "third topic"});
  for (const char* topic : {"third topic", "topic"}) this->Follow(FollowKind::kTopic, topic);
  this->Follow(FollowKind::kAuthor, "author");
  this->Follow(FollowKind::kChannel, "channel");
  const std::vector<FeedItem> items = this->Items();
  ASSERT_EQ(items.size(), 1u);
  std::vector<std::string> reasons;
  for (const Target& reason : items[0].reasons) {
    reasons.push_back(reason.display_name);
    EXPECT_EQ(reason.id, Uuid(reason.display_name));
  }
  EXPECT_THAT(reasons, ElementsAre("channel", "author", "topic", "third topic"));
  EXPECT_EQ(items[0].reasons[1].kind, FollowKind::kAuthor);
}

// An author is not followed by following a channel of the same id.
TYPED_TEST(FeedStoreContract, WhatIsFollowedHasAKind) {
  this->Publish("post", 1, "channel", "author", {"topic"});
  this->Follow(FollowKind::kChannel, "author");
  this->Follow(FollowKind::kAuthor, "topic");
  EXPECT_THAT(this->Items(), IsEmpty());
}

TYPED_TEST(FeedStoreContract, AFeedIsOfOneAccount) {
  this->Publish("one", 1, "channel");
  this->Publish("two", 2, "other channel");
  this->Follow(FollowKind::kChannel, "channel");
  this->Follow(FollowKind::kChannel, "channel", kBert);
  this->Follow(FollowKind::kAuthor, "author", kBert);
  std::vector<FeedItem> items = this->Items();
  EXPECT_THAT(this->TitlesOf(items), ElementsAre("one"));
  EXPECT_EQ(items[0].reasons.size(), 1u);
  items = this->Items(kBert);
  EXPECT_THAT(this->TitlesOf(items), ElementsAre("two", "one"));
  ASSERT_THAT(this->store().MarkSeen(kBert, items[0].place), IsOk());
  EXPECT_EQ(this->Unread(kBert), 0);
  EXPECT_EQ(this->Unread(), 1);
}

TYPED_TEST(FeedStoreContract, PagesByTimeThenId) {
  // Two share their time: the id decides, and no page loses or repeats one.
  for (const int minute : {0, 1, 2}) this->Publish(std::to_string(minute), minute);
  this->Publish("1 too", 1);
  this->Follow(FollowKind::kChannel, "channel");
  std::vector<std::string> same = {Uuid("post 1"), Uuid("post 1 too")};
  std::sort(same.rbegin(), same.rend());
  std::vector<std::string> ids;
  std::optional<FeedPlace> after;
  for (int page = 0; page < 4; ++page) {
    const std::vector<FeedItem> items = this->Items(kAnna, after, 1);
    ASSERT_EQ(items.size(), 1u);
    ids.push_back(items[0].post.post_id());
    after = items[0].place;
  }
  EXPECT_THAT(ids, ElementsAre(Uuid("post 2"), same[0], same[1], Uuid("post 0")));
  EXPECT_THAT(this->Items(kAnna, after, 1), IsEmpty());
}

TYPED_TEST(FeedStoreContract, PublishingWhilePagingNeitherRepeatsNorHides) {
  for (int i = 0; i < 6; ++i) this->Publish(std::to_string(i), i);
  this->Follow(FollowKind::kChannel, "channel");
  std::vector<std::string> titles;
  std::optional<FeedPlace> after;
  for (int page = 0; page < 3; ++page) {
    for (const FeedItem& item : this->Items(kAnna, after, 2)) {
      titles.push_back(item.post.title());
      after = item.place;
    }
    this->Publish("new " + std::to_string(page), 100 + page);
  }
  EXPECT_THAT(titles, ElementsAre("5", "4", "3", "2", "1", "0"));
}

TYPED_TEST(FeedStoreContract, UnreadIsWhatCameAfterTheMark) {
  this->Publish("before", -1);
  this->Follow(FollowKind::kChannel, "channel");  // at noon: what was there is not new
  this->Publish("first", 1);
  this->Publish("second", 2);
  EXPECT_EQ(this->Unread(), 2);
  const std::vector<FeedItem> items = this->Items();
  EXPECT_TRUE(items[0].unread);
  EXPECT_TRUE(items[1].unread);
  EXPECT_FALSE(items[2].unread);
  ASSERT_THAT(this->store().MarkSeen(kAnna, items[1].place), IsOk());
  EXPECT_EQ(this->Unread(), 1);
  EXPECT_TRUE(this->Items()[0].unread);
  EXPECT_FALSE(this->Items()[1].unread);
}

TYPED_TEST(FeedStoreContract, TheMarkNeverMovesBackwards) {
  this->Follow(FollowKind::kChannel, "channel");
  for (const char* title : {"one", "two", "three"}) this->Publish(title, 1);
  const std::vector<FeedItem> items = this->Items();  // of one time: the id decides
  std::vector<int> unread;
  for (const size_t seen : {2, 1, 2}) {
    ASSERT_THAT(this->store().MarkSeen(kAnna, items[seen].place), IsOk());
    unread.push_back(this->Unread());
  }
  EXPECT_THAT(unread, ElementsAre(2, 1, 1));
}

TYPED_TEST(FeedStoreContract, OfMarksAtOnceTheNewestStays) {
  this->Follow(FollowKind::kChannel, "channel");
  for (int i = 0; i < 8; ++i) this->Publish(std::to_string(i), 1 + i);
  const std::vector<FeedItem> items = this->Items();
  InParallel(8, [&](int i) {
    EXPECT_THAT(this->store().MarkSeen(kAnna, items[(i + 5) % 8].place), IsOk());
  });
  EXPECT_EQ(this->Unread(), 0);
}

// Whoever marks a feed may follow nothing any more, or not yet.
TYPED_TEST(FeedStoreContract, AFeedCanBeMarkedBeforeAnythingIsFollowed) {
  const FeedPlace place{kNoon + absl::Minutes(5), PostId(Uuid("post gone"))};
  ASSERT_THAT(this->store().MarkSeen(kAnna, place), IsOk());
  this->Follow(FollowKind::kChannel, "channel");
  this->Publish("seen", 4);
  this->Publish("new", 6);
  EXPECT_EQ(this->Unread(), 1);
}

TYPED_TEST(FeedStoreContract, CountsUnreadUpToALimit) {
  this->Follow(FollowKind::kChannel, "channel");
  for (int i = 1; i < kMaxUnread; ++i) this->Publish(std::to_string(i), i);
  EXPECT_EQ(this->Unread(), kMaxUnread - 1);
  for (int i = 0; i < 3; ++i) this->Publish(std::to_string(kMaxUnread + i), kMaxUnread + i);
  EXPECT_EQ(this->Unread(), kMaxUnread);
}

TYPED_TEST(FeedStoreContract, TheNewestIsOfTheFeedNotOfAll) {
  this->Publish("elsewhere", 5, "other channel", "other author");
  this->Follow(FollowKind::kChannel, "channel");
  EXPECT_FALSE(this->store().State(kAnna).value().newest_time.has_value());
  this->Publish("here", 1);
  EXPECT_EQ(this->store().State(kAnna).value().newest_time, kNoon + absl::Minutes(1));
}

TYPED_TEST(FeedStoreContract, FollowingNothingIsSaid) {
  EXPECT_THAT(this->store().FollowsNothing(kAnna), IsOkAndHolds(true));
  this->Follow(FollowKind::kChannel, "channel");
  EXPECT_THAT(this->store().FollowsNothing(kAnna), IsOkAndHolds(false));
  EXPECT_THAT(this->store().FollowsNothing(kBert), IsOkAndHolds(true));
}

}  // namespace
}  // namespace rostrum::feed
