#include <functional>
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
#include "tests/services/feed/fake_clients.h"
#include "tests/services/feed/posts.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");

// What PostgreSQL alone does; the rest is in feed_store_contract_test.cc.
class PostgresFeedTest : public ::testing::Test {
 protected:
  void Publish(const content::v1::PostSummary& post, absl::Time not_before = absl::UnixEpoch()) {
    ASSERT_THAT(RunTx(database_.pool,
                      [&](Transaction& tx) { return ApplyPublished(tx, post, not_before); }),
                IsOk());
  }
  absl::Time Now() {
    return RunRead<absl::Time>(database_.pool, [](Transaction& tx) { return TimeNow(tx); }).value();
  }
  void EndSnapshot(absl::Time begin) {
    ASSERT_THAT(RunTx(database_.pool,
                      [&](Transaction& tx) {
                        RemoveToldBefore(tx, begin);
                        return absl::OkStatus();
                      }),
                IsOk());
  }
  void Follow(FollowKind kind, const std::string& name) {
    ASSERT_THAT(follows_.Create(kAnna, Named(kind, name), kNoon), IsOk());
  }
  std::vector<std::string> Titles(int limit = 100) {
    std::vector<std::string> titles;
    const std::vector<FeedItem> items = feeds_.List(kAnna, std::nullopt, limit).value();
    for (const FeedItem& item : items) titles.push_back(item.post.title());
    return titles;
  }

  TestDatabase database_{MigrationsOf("feed", migrations::Files())};
  PostgresFollowStore follows_{database_.pool};
  PostgresFeedStore feeds_{database_.pool};
};

// Who follows much has its pages found in another way than who follows little.
class WideFeedTest : public PostgresFeedTest {
 protected:
  static constexpr int kChannels = 80;
  static std::string Channel(int i) { return "channel " + std::to_string(i); }

  // Posts of the channels in turn, a minute apart, each with an author of its own.
  void PublishInTurn(int first, int last, int channels) {
    for (int i = first; i < last; ++i) {
      Publish(Post(std::to_string(i), i, Channel(i % channels), "author " + std::to_string(i)));
    }
  }
  void FollowChannels(int first, int last, int step = 1) {
    for (int i = first; i < last; i += step) Follow(FollowKind::kChannel, Channel(i));
  }
  // The whole feed, page by page.
  std::vector<std::string> Paged(int limit) {
    std::vector<std::string> titles;
    std::optional<FeedPlace> after;
    for (auto page = feeds_.List(kAnna, after, limit).value(); !page.empty();
         page = feeds_.List(kAnna, after, limit).value()) {
      EXPECT_LE(page.size(), static_cast<size_t>(limit));
      for (const FeedItem& item : page) titles.push_back(item.post.title());
      after = page.back().place;
    }
    return titles;
  }
  std::vector<std::string> Expected(int last, const std::function<bool(int)>& followed) {
    std::vector<std::string> titles;
    for (int i = last - 1; i >= 0; --i) {
      if (followed(i % kChannels)) titles.push_back(std::to_string(i));
    }
    return titles;
  }
};

TEST_F(WideFeedTest, ShowsEverythingNewestFirstAndOnce) {
  PublishInTurn(0, 200, kChannels);
  FollowChannels(0, 60);
  // A second reason shows nothing twice.
  for (int i = 0; i < 20; ++i) Follow(FollowKind::kAuthor, "author " + std::to_string(i));
  const auto followed = [](int channel) { return channel < 60; };
  EXPECT_EQ(Paged(7), Expected(200, followed));
  EXPECT_EQ(Titles(), [&] {
    auto newest = Expected(200, followed);
    newest.resize(100);
    return newest;
  }());
}

TEST_F(WideFeedTest, FindsWhatIsFarDownToo) {
  FollowChannels(0, 60);
  PublishInTurn(0, 60, kChannels);
  // Much more than is looked at, and of nothing that is followed.
  for (int i = 0; i < 320; ++i) {
    Publish(Post("other " + std::to_string(i), 1'000 + i, "elsewhere", "nobody"));
  }
  EXPECT_EQ(Paged(25), Expected(60, [](int) { return true; }));
  EXPECT_EQ(feeds_.State(kAnna)->newest_time, kNoon + absl::Minutes(59));
}

TEST_F(WideFeedTest, CountsUnreadUpToTheLimit) {
  FollowChannels(0, 60);
  PublishInTurn(0, 80, kChannels);
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, 59);  // the one of noon is not after it
  for (int i = 0; i < 320; ++i) {
    Publish(Post("other " + std::to_string(i), 1'000 + i, "elsewhere", "nobody"));
  }
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, 59);
  for (int i = 80; i < 140; ++i) {
    Publish(Post(std::to_string(i), 2'000 + i, Channel(i % 60), "author"));
  }
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, kMaxUnread);
}

// Then unread posts are counted by what is followed.
TEST_F(PostgresFeedTest, CountsUnreadBelowManyOfOthersToo) {
  Follow(FollowKind::kChannel, "channel");
  for (int i = 1; i <= 3; ++i) Publish(Post(std::to_string(i), i, "channel", "author"));
  for (int i = 0; i < 320; ++i) {
    Publish(Post("other " + std::to_string(i), 1'000 + i, "elsewhere", "nobody"));
  }
  const std::vector<FeedItem> items = feeds_.List(kAnna, std::nullopt, 10).value();
  ASSERT_THAT(feeds_.MarkSeen(kAnna, items.at(1).place), IsOk());
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, 1);
}

TEST_F(PostgresFeedTest, ApplyingAnEventAgainChangesNothing) {
  const auto post = Post("post", 1, "channel", "author", {"topic"});
  Follow(FollowKind::kTopic, "topic");
  Publish(post);
  Publish(post);
  EXPECT_THAT(Titles(), ElementsAre("post"));
  // A change of topics takes effect, also where it leaves a feed.
  Publish(Post("post", 1, "channel", "author", {"other topic"}));
  EXPECT_THAT(Titles(), IsEmpty());
}

TEST_F(PostgresFeedTest, WhatIsUnpublishedLeavesTheFeedUntilItIsPublishedAgain) {
  const auto post = Post("post", 1, "channel", "author", {"topic"});
  Publish(post);
  Follow(FollowKind::kChannel, "channel");
  Follow(FollowKind::kTopic, "topic");
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_THAT(RunTx(database_.pool,
                      [](Transaction& tx) {
                        ApplyUnpublished(tx, PostId(Uuid("post post")));
                        return absl::OkStatus();
                      }),
                IsOk());
    EXPECT_THAT(Titles(), IsEmpty());
  }
  Publish(post);
  const std::vector<FeedItem> items = feeds_.List(kAnna, std::nullopt, 10).value();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].reasons.size(), 2u);
  EXPECT_EQ(items[0].place.publish_time, kNoon + absl::Minutes(1));
}

TEST_F(PostgresFeedTest, APostThatMovesIsInTheFeedOfItsNewPlaceOnly) {
  Publish(Post("post", 1, "channel", "author"));
  Follow(FollowKind::kChannel, "channel");
  Publish(Post("post", 1, "other channel", "author"));
  EXPECT_THAT(Titles(), IsEmpty());
  Follow(FollowKind::kAuthor, "author");
  EXPECT_THAT(Titles(), ElementsAre("post"));
  Publish(Post("post", 2, "other channel", "other author"));
  EXPECT_THAT(Titles(), IsEmpty());
  Follow(FollowKind::kAuthor, "other author");
  Follow(FollowKind::kChannel, "other channel");
  const std::vector<FeedItem> items = feeds_.List(kAnna, std::nullopt, 10).value();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].reasons.size(), 2u);
  EXPECT_EQ(items[0].place.publish_time, kNoon + absl::Minutes(2));
}

TEST_F(PostgresFeedTest, EventsTellNewNames) {
  Publish(Post("post", 1, "channel", "author"));
  Follow(FollowKind::kChannel, "channel");
  auto renamed = Post("post", 1, "channel", "author");
  renamed.mutable_channel()->set_display_name("its new name");
  renamed.mutable_channel()->set_slug("new");
  Publish(renamed);
  const auto follow = follows_.Get(kAnna, FollowKind::kChannel, Uuid("channel")).value();
  EXPECT_EQ(follow.target.display_name, "its new name");
  EXPECT_EQ(follow.target.slug, "new");
}

// One transaction applies many events.
TEST_F(PostgresFeedTest, WhoFollowsDoesNotWaitForEventsThatAreBeingApplied) {
  Publish(Post("post", 1, "channel", "author", {"topic"}));
  ASSERT_THAT(RunTx(database_.pool,
                    [&](Transaction& tx) {
                      auto again = Post("post", 1, "channel", "author", {"topic"});
                      again.mutable_author()->set_display_name("a new name");
                      EXPECT_THAT(ApplyPublished(tx, again), IsOk());
                      Follow(FollowKind::kChannel, "channel");
                      Follow(FollowKind::kAuthor, "author");
                      Follow(FollowKind::kTopic, "topic");
                      return absl::OkStatus();
                    }),
              IsOk());
  EXPECT_THAT(Titles(), ElementsAre("post"));
}

TEST_F(PostgresFeedTest, ASnapshotForgetsWhatItDidNotTell) {
  Publish(Post("gone", 1, "channel", "author"));
  Publish(Post("kept", 2, "channel", "author"));
  Follow(FollowKind::kChannel, "channel");
  const absl::Time begin = Now();
  Publish(Post("kept", 2, "channel", "author"), begin);
  EndSnapshot(begin);
  EXPECT_THAT(Titles(), ElementsAre("kept"));
}

// Of two replicas that read one at the same time, the first to end removes what is missing.
TEST_F(PostgresFeedTest, ASnapshotKeepsWhatAnotherThatBeganEarlierTellsAgain) {
  Follow(FollowKind::kChannel, "channel");
  const absl::Time earlier = Now();
  const absl::Time begin = Now() + absl::Hours(1);  // by a clock that was set back since
  Publish(Post("post", 1, "channel", "author"), begin);
  Publish(Post("post", 1, "channel", "author"), earlier);
  EndSnapshot(begin);
  EXPECT_THAT(Titles(), ElementsAre("post"));
}

class ResyncTest : public PostgresFeedTest {
 protected:
  ResyncTest() {
    Follow(FollowKind::kChannel, "channel");
    Publish(Post("withdrawn", 1, "channel", "author"));
    Publish(Post("moved", 2, "channel", "author"));
    Publish(Post("kept", 3, "channel", "author"));
    content_.published = {Post("kept", 3, "channel", "author"), Post("missed", 4, "channel", "me"),
                          Post("moved", 2, "other channel", "author")};
  }
  absl::Status Resync(const EventConsumer::Fence& fence) {
    return ResyncPosts(database_.pool, content_, fence);
  }

  FakeContentClient content_;
};

TEST_F(ResyncTest, ReadsAllThatIsPublishedAndForgetsTheRest) {
  const auto pass = [](Transaction&) { return absl::OkStatus(); };
  ASSERT_THAT(Resync(pass), IsOk());
  EXPECT_THAT(Titles(), ElementsAre("missed", "kept"));
  Follow(FollowKind::kChannel, "other channel");
  EXPECT_THAT(Titles(), ElementsAre("missed", "kept", "moved"));
}

TEST_F(ResyncTest, ForgetsNothingUnlessEverythingWasRead) {
  content_.down = true;
  EXPECT_THAT(Resync([](Transaction&) { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Titles(), ElementsAre("kept", "moved", "withdrawn"));
}

TEST_F(ResyncTest, EndsWhereTheFenceSaysSo) {
  int fences = 0;
  const auto ends_at = [&](int last) {
    fences = 0;
    return Resync([&, last](Transaction&) {
      return ++fences == last ? absl::AbortedError("overtaken") : absl::OkStatus();
    });
  };
  EXPECT_THAT(ends_at(1), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(fences, 1);
  EXPECT_THAT(Titles(), ElementsAre("kept", "moved", "withdrawn"));
  EXPECT_THAT(ends_at(4), StatusIs(absl::StatusCode::kAborted));  // all pages were read
  EXPECT_THAT(Titles(), ElementsAre("missed", "kept", "withdrawn"));
}

}  // namespace
}  // namespace rostrum::feed
