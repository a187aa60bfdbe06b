#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "feed_migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"
#include "services/feed/post_projection.h"
#include "services/feed/postgres_feed_store.h"
#include "services/feed/postgres_follow_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
const AccountId kAnna("00000000-0000-7000-8000-00000000000a");

std::string Uuid(const std::string& name) {
  static std::map<std::string, std::string> ids;
  std::string& id = ids[name];
  if (id.empty()) id = NewUuid(kNoon);
  return id;
}

content::v1::PostSummary Post(const std::string& title, int minute, const std::string& channel,
                              const std::string& author, const std::vector<std::string>& topics) {
  content::v1::PostSummary post;
  post.set_post_id(Uuid("post " + title));
  post.set_title(title);
  *post.mutable_publish_time() = ToProtoTime(kNoon + absl::Minutes(minute));
  post.mutable_channel()->set_channel_id(Uuid(channel));
  post.mutable_channel()->set_display_name(channel);
  post.mutable_author()->set_author_id(Uuid(author));
  post.mutable_author()->set_display_name(author);
  for (const std::string& topic : topics) {
    post.add_topics()->set_topic_id(Uuid(topic));
    post.mutable_topics(post.topics_size() - 1)->set_display_name(topic);
  }
  return post;
}

class PostgresFeedTest : public ::testing::Test {
 protected:
  void Publish(const content::v1::PostSummary& post, absl::Time told = kNoon) {
    ASSERT_THAT(
        RunTx(database_.pool, [&](Transaction& tx) { return ApplyPublished(tx, post, told); }),
        IsOk());
  }
  void Follow(FollowKind kind, const std::string& name, absl::Time now = kNoon) {
    ASSERT_THAT(follows_.Create(kAnna, {kind, Uuid(name), name, name}, now), IsOk());
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

TEST_F(PostgresFeedTest, ShowsEverythingOfWhatIsFollowedNewestFirstAndOnce) {
  Publish(Post("old", 1, "channel", "author", {"topic"}));
  Publish(Post("new", 3, "channel", "other author", {}));
  Publish(Post("middle", 2, "other channel", "author", {"topic"}));
  Publish(Post("elsewhere", 4, "other channel", "other author", {"other topic"}));
  Follow(FollowKind::kChannel, "channel");
  Follow(FollowKind::kTopic, "topic");
  EXPECT_THAT(Titles(), ElementsAre("new", "middle", "old"));
}

TEST_F(PostgresFeedTest, SaysEveryReason) {
  Publish(Post("post", 1, "channel", "author", {"topic", "other topic"}));
  Follow(FollowKind::kTopic, "topic");
  Follow(FollowKind::kAuthor, "author");
  Follow(FollowKind::kChannel, "channel");
  const std::vector<FeedItem> items = feeds_.List(kAnna, std::nullopt, 10).value();
  ASSERT_EQ(items.size(), 1u);
  std::vector<std::string> reasons;
  for (const Target& reason : items[0].reasons) reasons.push_back(reason.display_name);
  EXPECT_THAT(reasons, ElementsAre("channel", "author", "topic"));
}

// Who follows much has its pages found in another way than who follows little.
class WideFeedTest : public PostgresFeedTest {
 protected:
  static constexpr int kChannels = 80;
  static std::string Channel(int i) { return "channel " + std::to_string(i); }

  // Posts of the channels in turn, a minute apart, each with an author of its own.
  void PublishInTurn(int first, int last, int channels) {
    for (int i = first; i < last; ++i) {
      Publish(Post(std::to_string(i), i, Channel(i % channels), "author " + std::to_string(i), {}));
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
    Publish(Post("other " + std::to_string(i), 1'000 + i, "elsewhere", "nobody", {}));
  }
  EXPECT_EQ(Paged(25), Expected(60, [](int) { return true; }));
  EXPECT_EQ(feeds_.State(kAnna)->newest_time, kNoon + absl::Minutes(59));
}

TEST_F(WideFeedTest, CountsUnreadUpToTheLimit) {
  FollowChannels(0, 60);
  PublishInTurn(0, 80, kChannels);
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, 59);  // the one of noon is not after it
  for (int i = 0; i < 320; ++i) {
    Publish(Post("other " + std::to_string(i), 1'000 + i, "elsewhere", "nobody", {}));
  }
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, 59);
  for (int i = 80; i < 140; ++i) {
    Publish(Post(std::to_string(i), 2'000 + i, Channel(i % 60), "author", {}));
  }
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, kMaxUnread);
}

TEST_F(PostgresFeedTest, PublishingWhilePagingNeitherRepeatsNorHides) {
  for (int i = 0; i < 6; ++i) Publish(Post(std::to_string(i), i, "channel", "author", {}));
  Follow(FollowKind::kChannel, "channel");
  std::vector<std::string> titles;
  std::optional<FeedPlace> after;
  for (int page = 0; page < 3; ++page) {
    for (const FeedItem& item : feeds_.List(kAnna, after, 2).value_or(std::vector<FeedItem>())) {
      titles.push_back(item.post.title());
      after = item.place;
    }
    Publish(Post("new " + std::to_string(page), 100 + page, "channel", "author", {}));
  }
  EXPECT_THAT(titles, ElementsAre("5", "4", "3", "2", "1", "0"));
}

TEST_F(PostgresFeedTest, UnreadIsWhatCameAfterTheMark) {
  Publish(Post("before", -1, "channel", "author", {}));
  Follow(FollowKind::kChannel, "channel");  // at noon: what was there is not new
  Publish(Post("first", 1, "channel", "author", {}));
  Publish(Post("second", 2, "channel", "author", {}));
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, 2);
  const std::vector<FeedItem> items = feeds_.List(kAnna, std::nullopt, 10).value();
  EXPECT_TRUE(items[0].unread);
  EXPECT_FALSE(items[2].unread);
  ASSERT_THAT(feeds_.MarkSeen(kAnna, items[1].place), IsOk());
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, 1);
  ASSERT_THAT(feeds_.MarkSeen(kAnna, items[2].place), IsOk());  // never backwards
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, 1);
  EXPECT_EQ(feeds_.State(kAnna)->newest_time, kNoon + absl::Minutes(2));
}

TEST_F(PostgresFeedTest, CountsUnreadUpToALimit) {
  Follow(FollowKind::kChannel, "channel");
  for (int i = 1; i <= kMaxUnread + 5; ++i) {
    Publish(Post("many " + std::to_string(i), i, "channel", "author", {}));
  }
  EXPECT_EQ(feeds_.State(kAnna)->unread_count, kMaxUnread);
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

TEST_F(PostgresFeedTest, WhatIsUnpublishedLeavesTheFeed) {
  Publish(Post("post", 1, "channel", "author", {}));
  Follow(FollowKind::kChannel, "channel");
  ASSERT_THAT(RunTx(database_.pool,
                    [](Transaction& tx) {
                      ApplyUnpublished(tx, PostId(Uuid("post post")));
                      return absl::OkStatus();
                    }),
              IsOk());
  EXPECT_THAT(Titles(), IsEmpty());
}

TEST_F(PostgresFeedTest, ASnapshotForgetsWhatItDidNotTell) {
  Publish(Post("gone", 1, "channel", "author", {}), kNoon);
  Publish(Post("kept", 2, "channel", "author", {}), kNoon);
  Follow(FollowKind::kChannel, "channel");
  const absl::Time begin = kNoon + absl::Hours(1);
  Publish(Post("kept", 2, "channel", "author", {}), begin);
  ASSERT_THAT(RunTx(database_.pool,
                    [&](Transaction& tx) {
                      RemoveToldBefore(tx, begin);
                      return absl::OkStatus();
                    }),
              IsOk());
  EXPECT_THAT(Titles(), ElementsAre("kept"));
}

TEST_F(PostgresFeedTest, FollowingNothingIsSaid) {
  EXPECT_TRUE(feeds_.FollowsNothing(kAnna).value());
  Follow(FollowKind::kChannel, "channel");
  EXPECT_FALSE(feeds_.FollowsNothing(kAnna).value());
}

}  // namespace
}  // namespace rostrum::feed
