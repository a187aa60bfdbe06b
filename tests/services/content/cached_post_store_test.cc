#include "services/content/cached_post_store.h"

#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/services/content/worlds.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using ::testing::IsEmpty;

constexpr AccessLevel kMetered = subscription::v1::ACCESS_LEVEL_METERED;

// What every PostStore does is in post_store_contract_test.cc.
class CachedPostStoreTest : public ::testing::Test {
 protected:
  CachedPostStoreTest() { post_ = StorePublished(world_, setting_.Draft("Peace", "peace"), kNoon); }

  std::string Title() { return world_.posts.Find({.id = post_.id}).value().title; }
  std::string Body() { return world_.posts.GetText({post_.id, kMetered, TextPart::kBody}).value(); }

  PostgresWorld world_;
  Setting<PostgresWorld> setting_{world_};
  Manuscript post_;
};

TEST_F(CachedPostStoreTest, DoesNotLoadAgainWhatIsOfThePresentVersion) {
  EXPECT_EQ(Title(), "Peace");
  EXPECT_EQ(Body(), "<p>The text of Peace</p>\n");
  // Not as anybody changes a post: the version stays.
  world_.Execute("UPDATE posts SET title = 'War', body_html = 'other'");
  EXPECT_EQ(Title(), "Peace");
  EXPECT_EQ(Body(), "<p>The text of Peace</p>\n");
}

TEST_F(CachedPostStoreTest, ShowsWhatAnotherReplicaChangedAtOnce) {
  EXPECT_EQ(Title(), "Peace");
  EXPECT_EQ(Body(), "<p>The text of Peace</p>\n");
  world_.Execute("UPDATE posts SET title = 'War', body_html = 'other', version = version + 1");
  EXPECT_EQ(Title(), "War");
  EXPECT_EQ(Body(), "other");
  world_.Execute("UPDATE authors SET display_name = 'Anne', version = version + 1");
  EXPECT_EQ(world_.posts.Find({.id = post_.id})->author.display_name, "Anne");
}

TEST_F(CachedPostStoreTest, CountersAreFresh) {
  EXPECT_EQ(world_.posts.Find({.id = post_.id})->view_count, 0);
  world_.Execute("INSERT INTO post_views (post_id, view_count) VALUES ('" + post_.id.value() +
                 "', 7)");
  world_.clock.Advance(CachedPostStore::kFresh);
  EXPECT_EQ(world_.posts.Find({.id = post_.id})->view_count, 7);
}

TEST_F(CachedPostStoreTest, WithdrawnIsGoneAtOnce) {
  EXPECT_EQ(Title(), "Peace");
  EXPECT_EQ(Body(), "<p>The text of Peace</p>\n");
  world_.Execute("UPDATE posts SET state = 1");
  EXPECT_THAT(world_.posts.Find({.id = post_.id}).status(), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(world_.posts.GetText({post_.id, kMetered, TextPart::kBody}).status(),
              HasReason("POST_CHANGED"));
}

// Under a lease, which these tests let run on real time.
class ReadLeaseTest : public CachedPostStoreTest {
 protected:
  static constexpr absl::Duration kLong = absl::Hours(1);

  CachedPostStore WithLease(absl::Duration lease) {
    return {world_.stored_posts, 1 << 20, lease, world_.clock};
  }
  void Withdraw() { world_.Execute("UPDATE posts SET state = 1"); }
};

TEST_F(ReadLeaseTest, TheDatabaseIsNotAskedAgain) {
  CachedPostStore posts = WithLease(kLong);
  ASSERT_THAT(posts.Find({.id = post_.id}), IsOk());
  ASSERT_THAT(posts.GetText({post_.id, kMetered, TextPart::kBody}), IsOk());
  Withdraw();
  EXPECT_THAT(posts.Find({.id = post_.id}), IsOk());
  EXPECT_THAT(posts.GetText({post_.id, kMetered, TextPart::kBody}),
              IsOkAndHolds("<p>The text of Peace</p>\n"));
  EXPECT_THAT(posts.GetFacts(post_.id)->published, true);
  EXPECT_EQ(posts.GetVersions({post_.id, post_.id})->size(), 1u);
}

TEST_F(ReadLeaseTest, AfterItNobodyIsShownWhatStoodBefore) {
  constexpr absl::Duration kLease = absl::Milliseconds(50);
  CachedPostStore posts = WithLease(kLease);
  ASSERT_THAT(posts.Find({.id = post_.id}), IsOk());
  Withdraw();
  absl::SleepFor(kLease);
  EXPECT_THAT(posts.Find({.id = post_.id}).status(), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(posts.GetFacts(post_.id)->published, false);
  EXPECT_THAT(*posts.GetVersions({post_.id}), IsEmpty());
}

TEST_F(ReadLeaseTest, ASummaryThatWasFoundByItsPlaceIsHeldToo) {
  CachedPostStore posts = WithLease(kLong);
  ASSERT_THAT(posts.Find({.channel = "news", .slug = "peace"}), IsOk());
  Withdraw();
  EXPECT_TRUE(posts.GetFacts(post_.id)->published);
}

// Else a client would keep the old text under the entity tag of the new summary.
TEST_F(ReadLeaseTest, ASummaryNeverComesWithAnOlderText) {
  CachedPostStore posts = WithLease(kLong);
  const auto read = [&](const PostRef& ref) {
    const PostSummary post = posts.Find(ref).value();
    return post.title + " " + posts.GetText({post.id, kMetered, TextPart::kBody}).value();
  };
  ASSERT_EQ(read({.id = post_.id}), "Peace <p>The text of Peace</p>\n");
  world_.Execute("UPDATE posts SET title = 'War', body_html = 'war', version = version + 1");
  EXPECT_EQ(read({.channel = "news", .slug = "peace"}), "War war");
  world_.Execute("UPDATE posts SET title = 'End', body_html = 'end', version = version + 1");
  world_.clock.Advance(CachedPostStore::kFresh);
  EXPECT_EQ(read({.id = post_.id}), "End end");
}

TEST_F(ReadLeaseTest, WhatIsNotPublishedIsAskedForEachTime) {
  CachedPostStore posts = WithLease(kLong);
  Withdraw();
  EXPECT_THAT(posts.Find({.id = post_.id}).status(), HasReason("POST_NOT_FOUND"));
  world_.Execute("UPDATE posts SET state = 3");
  EXPECT_THAT(posts.Find({.id = post_.id}), IsOk());
}

// The lease stands for the former version: its text is no longer to be had.
TEST_F(ReadLeaseTest, ATextThatWasNotKeptIsThePresentOne) {
  CachedPostStore posts = WithLease(kLong);
  ASSERT_THAT(posts.Find({.id = post_.id}), IsOk());
  world_.Execute("UPDATE posts SET body_html = 'other', version = version + 1");
  EXPECT_THAT(posts.GetText({post_.id, kMetered, TextPart::kBody}), IsOkAndHolds("other"));
  Withdraw();
  EXPECT_THAT(posts.GetText({post_.id, kMetered, TextPart::kPreview}).status(),
              HasReason("POST_CHANGED"));
}

}  // namespace
}  // namespace rostrum::content
