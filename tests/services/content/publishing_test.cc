#include <atomic>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/content/v1/events.pb.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/content/worlds.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const DeskUser kAsAnna{.account_id = kAnna};

// What others are told of posts, and the work that several processes do at once.
class PublishingTest : public ::testing::Test {
 protected:
  ManuscriptStore& store() { return world_.manuscripts; }
  Manuscript Change(const PostId& id, const std::function<absl::Status(Manuscript&)>& change) {
    return store().Update(id, change).value();
  }
  Manuscript SetTitle(const PostId& id, const std::string& title) {
    return Change(id, [&](Manuscript& stored) {
      ManuscriptContent content = stored.content;
      content.title = title;
      return Edit(stored, content, kAsAnna, "", kNoon);
    });
  }
  Manuscript StoreScheduled(const std::string& title, absl::Time time) {
    const Manuscript created = store().Create(setting_.Draft(title), Key()).value();
    return Change(created.id, [&](Manuscript& m) { return Schedule(m, time, "", kNoon); });
  }
  void RenameChannel(const std::string& name) {
    ChangeChannel(world_, setting_.channel.id,
                  [&](Channel& channel) { channel.display_name = name; });
  }
  void ForgetEvents() { world_.Execute("DELETE FROM outbox"); }
  // The posts that were last told of.
  std::vector<v1::PostSummary> Announced() {
    return RunRead<std::vector<v1::PostSummary>>(
               world_.database.pool,
               [](Transaction& tx) -> absl::StatusOr<std::vector<v1::PostSummary>> {
                 std::vector<v1::PostSummary> posts;
                 for (const pqxx::row& row :
                      tx.exec("SELECT payload FROM outbox WHERE type LIKE '%.PostPublished'"
                              " ORDER BY xid, id")) {
                   v1::PostPublished event;
                   EXPECT_TRUE(event.ParseFromString(ReadBytes(row[0])));
                   posts.push_back(event.post());
                 }
                 return posts;
               })
        .value();
  }
  // Waits until so many wait for locks in the database, or `work` is done.
  template <class T>
  void AwaitLockWait(std::future<T>& work, size_t waiting = 1) {
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    while (absl::Now() < deadline &&
           work.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
      if (world_
              .Query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                     " AND wait_event_type = 'Lock'")
              .size() >= waiting) {
        return;
      }
    }
  }

  PostgresWorld world_;
  Setting<PostgresWorld> setting_{world_};
};

TEST_F(PublishingTest, TellsEachEffectOnce) {
  const Manuscript draft = store().Create(setting_.Draft("Peace"), Key()).value();
  SetTitle(draft.id, "Peace at last");
  EXPECT_THAT(world_.Events(), IsEmpty());  // nobody hears of drafts
  const std::string published = "PostPublished " + draft.id.value();
  const auto publish = [](Manuscript& m) { return Publish(m, std::nullopt, "", kNoon); };
  Change(draft.id, publish);
  Change(draft.id, publish);  // a repeat
  EXPECT_THAT(world_.Events(), ElementsAre(Pair(published, 1)));
  EXPECT_EQ(Announced().at(0).title(), "Peace at last");
  EXPECT_EQ(Announced().at(0).channel().slug(), "news");
  SetTitle(draft.id, "Peace");
  EXPECT_THAT(world_.Events(), ElementsAre(Pair(published, 2)));
  const auto unpublish = [](Manuscript& m) { return Unpublish(m, "", kNoon); };
  Change(draft.id, unpublish);
  Change(draft.id, unpublish);  // a repeat
  EXPECT_THAT(world_.Events(),
              ElementsAre(Pair(published, 2), Pair("PostUnpublished " + draft.id.value(), 1)));
}

TEST_F(PublishingTest, WhatIsToldHasNoText) {
  Manuscript draft = setting_.Draft("Peace");
  draft.content.body_html = "<p>the secret body</p>";
  draft.content.markdown = "the secret body";
  StorePublished(world_, draft);
  for (const v1::PostSummary& post : Announced()) {
    EXPECT_EQ(post.SerializeAsString().find("secret"), std::string::npos);
    EXPECT_EQ(post.author().account_id(), "");
  }
  EXPECT_THAT(world_.Query("SELECT 1 FROM outbox WHERE position('secret'::bytea IN payload) > 0"),
              IsEmpty());
}

TEST_F(PublishingTest, TakingBackWhatIsScheduledTellsNobody) {
  const Manuscript scheduled = StoreScheduled("Peace", kNoon + absl::Minutes(1));
  Change(scheduled.id, [](Manuscript& m) { return Unpublish(m, "", kNoon); });
  EXPECT_THAT(world_.Events(), IsEmpty());
  EXPECT_EQ(store().PublishDue(kNoon + absl::Hours(1), 10).value(), 0);
}

TEST_F(PublishingTest, ManyProcessesPublishEachDuePostOnce) {
  std::map<std::string, int> expected;
  for (int i = 0; i < 20; ++i) {
    const Manuscript m = StoreScheduled("Post " + std::to_string(i), kNoon + absl::Seconds(i + 1));
    expected["PostPublished " + m.id.value()] = 1;
  }
  std::atomic<int> published = 0;
  InParallel(4, [&](int) {
    for (int idle = 0; idle < 3;) {
      const auto some = store().PublishDue(kNoon + absl::Hours(1), 3);
      ASSERT_THAT(some, IsOk());
      published += *some;
      idle = *some == 0 ? idle + 1 : 0;
    }
  });
  EXPECT_EQ(published, 20);
  EXPECT_EQ(world_.Events(), expected);
  EXPECT_THAT(world_.Query("SELECT post_id FROM posts WHERE state <> 3"), IsEmpty());
}

TEST_F(PublishingTest, APostThatIsBeingChangedIsPublishedLater) {
  const Manuscript scheduled = StoreScheduled("Peace", kNoon + absl::Minutes(1));
  store()
      .Update(scheduled.id,
              [&](Manuscript&) {
                EXPECT_EQ(store().PublishDue(kNoon + absl::Hours(1), 10).value(), 0);
                return absl::OkStatus();
              })
      .value();
  EXPECT_EQ(store().PublishDue(kNoon + absl::Hours(1), 10).value(), 1);
}

TEST_F(PublishingTest, AChangedChannelHasItsPostsAnnouncedInBatches) {
  std::map<std::string, int> expected;
  for (int i = 0; i < 5; ++i) {
    const Manuscript post = StorePublished(world_, setting_.Draft("Post " + std::to_string(i)));
    expected["PostPublished " + post.id.value()] = 1;
  }
  ASSERT_THAT(store().Create(setting_.Draft("Draft"), Key()), IsOk());
  ForgetEvents();
  EXPECT_EQ(store().AnnounceChanges(kNoon, 2).value(), 0);
  RenameChannel("The World");
  EXPECT_EQ(store().AnnounceChanges(kNoon, 2).value(), 2);
  EXPECT_EQ(store().AnnounceChanges(kNoon, 2).value(), 2);
  EXPECT_EQ(store().AnnounceChanges(kNoon, 2).value(), 1);
  EXPECT_EQ(store().AnnounceChanges(kNoon, 2).value(), 0);
  EXPECT_EQ(world_.Events(), expected);
  for (const v1::PostSummary& post : Announced()) {
    EXPECT_EQ(post.channel().display_name(), "The World");
  }
}

TEST_F(PublishingTest, AnotherChangeBeginsTheAnnouncementAnew) {
  for (int i = 0; i < 3; ++i) StorePublished(world_, setting_.Draft("Post"));
  RenameChannel("One");
  EXPECT_EQ(store().AnnounceChanges(kNoon, 2).value(), 2);
  RenameChannel("Two");
  ForgetEvents();
  EXPECT_EQ(store().AnnounceChanges(kNoon, 10).value(), 3);
  for (const v1::PostSummary& post : Announced()) EXPECT_EQ(post.channel().display_name(), "Two");
}

TEST_F(PublishingTest, AnAuthorsChangeAnnouncesTheirPostsOnly) {
  const Manuscript post = StorePublished(world_, setting_.Draft("Anna's"));
  Manuscript of_bert = setting_.Draft("Bert's");
  of_bert.content.author_id = setting_.bert.id;
  StorePublished(world_, of_bert);
  ForgetEvents();
  ASSERT_THAT(world_.catalog.UpdateAuthor(setting_.anna.id,
                                          [](Author& author) {
                                            author.display_name = "Anna A.";
                                            ++author.version;
                                            return absl::OkStatus();
                                          }),
              IsOk());
  EXPECT_EQ(store().AnnounceChanges(kNoon, 10).value(), 1);
  EXPECT_THAT(world_.Events(), ElementsAre(Pair("PostPublished " + post.id.value(), 1)));
  EXPECT_EQ(Announced().at(0).author().display_name(), "Anna A.");
}

TEST_F(PublishingTest, ManyProcessesAnnounceEachPostOnce) {
  std::map<std::string, int> expected;
  for (int i = 0; i < 12; ++i) {
    const Manuscript post = StorePublished(world_, setting_.Draft("Post " + std::to_string(i)));
    expected["PostPublished " + post.id.value()] = 1;
  }
  ForgetEvents();
  RenameChannel("The World");
  InParallel(4, [&](int) {
    for (int idle = 0; idle < 3;) {
      const auto some = store().AnnounceChanges(kNoon, 3);
      ASSERT_THAT(some, IsOk());
      idle = *some == 0 ? idle + 1 : 0;
    }
  });
  // Whoever finds the announcement taken goes on; the rest is done by the next.
  while (store().AnnounceChanges(kNoon, 3).value() > 0) {
  }
  EXPECT_EQ(world_.Events(), expected);
}

TEST_F(PublishingTest, AChannelWithoutPostsIsNoReasonToStop) {
  StorePublished(world_, setting_.Draft("Peace"));
  world_.Execute("INSERT INTO announcements (kind, id) VALUES ('author', '" +
                 setting_.bert.id.value() + "')");
  RenameChannel("The World");
  EXPECT_EQ(store().AnnounceChanges(kNoon, 10).value(), 1);
  EXPECT_THAT(world_.Query("SELECT kind FROM announcements"), IsEmpty());
}

TEST_F(PublishingTest, APostThatIsTakenBackMeanwhileIsNotAnnouncedAfterThat) {
  const Manuscript post = StorePublished(world_, setting_.Draft("Peace"));
  RenameChannel("The World");
  ForgetEvents();
  std::future<absl::StatusOr<int>> announced;
  const absl::Status taken_back = RunTx(world_.database.pool, [&](Transaction& tx) {
    tx.Exec("UPDATE posts SET state = 1 WHERE post_id = $1", post.id.value());
    announced = std::async(std::launch::async, [&] { return store().AnnounceChanges(kNoon, 10); });
    AwaitLockWait(announced);
    return absl::OkStatus();
  });
  ASSERT_THAT(taken_back, IsOk());
  EXPECT_EQ(announced.get().value(), 0);
  EXPECT_THAT(world_.Events(), IsEmpty());
}

TEST_F(PublishingTest, APostThatIsPublishedDuringAChangeOfItsChannelTellsTheNewName) {
  const Manuscript draft = store().Create(setting_.Draft("Peace"), Key()).value();
  std::future<absl::StatusOr<Manuscript>> published;
  const auto changed = world_.catalog.UpdateChannel(setting_.channel.id, [&](Channel& channel) {
    published = std::async(std::launch::async, [&] {
      return store().Update(draft.id,
                            [](Manuscript& m) { return Publish(m, std::nullopt, "", kNoon); });
    });
    AwaitLockWait(published);
    channel.display_name = "The World";
    ++channel.version;
    return absl::OkStatus();
  });
  ASSERT_THAT(changed, IsOk());
  ASSERT_TRUE(published.get().ok());
  while (store().AnnounceChanges(kNoon, 10).value() > 0) {
  }
  EXPECT_EQ(Announced().back().channel().display_name(), "The World");
}

// Its announcement would not find the post, which nobody else sees yet.
TEST_F(PublishingTest, AChangeOfAChannelWaitsForAPostThatIsBeingPublished) {
  const Manuscript draft = store().Create(setting_.Draft("Peace"), Key()).value();
  std::future<absl::StatusOr<Manuscript>> published;
  std::future<void> renamed;
  const absl::Status held = RunTx(world_.database.pool, [&](Transaction& tx) {
    tx.exec("LOCK TABLE outbox IN EXCLUSIVE MODE");
    published = std::async(std::launch::async, [&] {
      return store().Update(draft.id,
                            [](Manuscript& m) { return Publish(m, std::nullopt, "", kNoon); });
    });
    AwaitLockWait(published);  // it has read the channel, and is about to tell
    renamed = std::async(std::launch::async, [&] { RenameChannel("The World"); });
    AwaitLockWait(renamed, 2);
    EXPECT_EQ(renamed.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    EXPECT_THAT(store().AnnounceChanges(kNoon, 10), IsOkAndHolds(0));
    return absl::OkStatus();
  });
  ASSERT_THAT(held, IsOk());
  ASSERT_TRUE(published.get().ok());
  renamed.get();
  EXPECT_THAT(store().AnnounceChanges(kNoon, 10), IsOkAndHolds(1));
  EXPECT_EQ(Announced().back().channel().display_name(), "The World");
}

TEST_F(PublishingTest, AtMostFiveHundredRevisionsAreKept) {
  const Manuscript draft = store().Create(setting_.Draft("Peace"), Key()).value();
  world_.Execute("INSERT INTO post_revisions SELECT '" + draft.id.value() +
                 "', n, 'title', 'text', now(), '" + kAnna.value() +
                 "' FROM generate_series(1, 500) AS n");
  SetTitle(draft.id, "War");
  EXPECT_THAT(world_.Query("SELECT count(*) FROM post_revisions"), ElementsAre("500"));
  EXPECT_EQ(store().ListRevisions(draft.id, std::nullopt, 1)->front().revision, 501);
  EXPECT_THAT(world_.Query("SELECT min(revision) FROM post_revisions"), ElementsAre("2"));
}

TEST_F(PublishingTest, SaysSoWhenTheDatabaseIsAway) {
  Metrics metrics;
  PgPool pool({.url = "postgresql:///none?host=/nowhere"}, metrics);
  OutboxSignal signal;
  PostgresManuscriptStore manuscripts(pool, signal, metrics);
  const PostId id(NewUuid(kNoon));
  EXPECT_THAT(manuscripts.Get(id).status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(manuscripts.PublishDue(kNoon, 1).status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(PostgresPostStore(pool).Find({.id = id}).status(),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(PostgresCatalogStore(pool).FindChannel("news").status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum::content
