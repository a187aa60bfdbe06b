#include "services/content/cached_post_store.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/services/content/worlds.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

constexpr AccessLevel kMetered = subscription::v1::ACCESS_LEVEL_METERED;

// What every PostStore does is in post_store_contract_test.cc.
class CachedPostStoreTest : public ::testing::Test {
 protected:
  CachedPostStoreTest() { post_ = StorePublished(world_, setting_.Draft("Peace", "peace"), kNoon); }

  std::string Title() { return world_.posts.Find({.id = post_.id}).value().title; }
  std::string Body() { return world_.posts.GetText(post_.id, kMetered, TextPart::kBody).value(); }

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
  EXPECT_THAT(world_.posts.GetText(post_.id, kMetered, TextPart::kBody).status(),
              HasReason("POST_CHANGED"));
}

}  // namespace
}  // namespace rostrum::content
