#include "gateway/web/article_cache.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

cpb::Post PostOf(const std::string& id, const std::string& body, const std::string& preview = "") {
  cpb::Post post;
  post.mutable_summary()->set_post_id(id);
  post.set_body_html(body);
  post.set_preview_html(preview);
  return post;
}

class ArticleCacheTest : public ::testing::Test {
 protected:
  KeptPtr<ArticleCache::Comments> Load(const std::string& post_id, int count) {
    const int64_t begun = cache_.BeginComments(post_id);
    ArticleCache::Comments comments;
    comments.set_total_count(count);
    return cache_.KeepComments(post_id, begun, clock_.Now(), comments);
  }
  KeptPtr<ArticleCache::Card> KeepCard(const std::string& author_id) {
    return cache_.KeepCard(author_id, cache_.BeginCard(), clock_.Now(), {});
  }
  // Changes are known until content's last answer.
  void Follow() {
    last_answer_ = clock_.Now();
    cache_.PostChangesKnownUntil(last_answer_);
  }
  bool IsOfUse(const std::string& path) {
    return cache_.IsUsableWhileAway(*cache_.FindPost(path), last_answer_);
  }

  absl::Time last_answer_ = absl::InfinitePast();
  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  ArticleCache cache_{1 << 20, clock_};
};

TEST(LruCacheTest, WhatWasAskedForLeastRecentlyGoesFirst) {
  LruCache<std::shared_ptr<int>> cache(1000);
  for (const char* key : {"a", "b"}) cache.Put(key, std::make_shared<int>(1), 300);
  EXPECT_NE(cache.Find("a"), nullptr);
  cache.Put("c", std::make_shared<int>(3), 300);
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(*cache.Find("c"), 3);
  cache.Put("a", std::make_shared<int>(5), 300);
  EXPECT_EQ(*cache.Find("a"), 5);
  EXPECT_NE(cache.Find("c"), nullptr) << "replacing takes no more room";
  cache.Put("huge", std::make_shared<int>(0), 5000);
  EXPECT_EQ(cache.Find("huge"), nullptr);
  EXPECT_NE(cache.Find("c"), nullptr) << "what has no room pushes nothing out";
  cache.Put("d", std::make_shared<int>(4), 1);
  cache.Drop("d");
  EXPECT_EQ(cache.Find("d"), nullptr);
}

TEST_F(ArticleCacheTest, KeepsTextAndPreviewOfAPostApart) {
  cache_.Learn("/c/news/peace", "1");
  EXPECT_EQ(cache_.FindPost("/c/news/peace")->body, nullptr);
  const auto body = cache_.KeepPost("/c/news/peace", "v1", clock_.Now(), PostOf("1", "text"));
  const auto preview =
      cache_.KeepPost("/c/news/peace", "v1", clock_.Now(), PostOf("1", "", "beginning"));
  EXPECT_NE(body->number, preview->number);
  const auto known = cache_.FindPost("/c/news/peace");
  EXPECT_EQ(known->body->message.body_html(), "text");
  EXPECT_EQ(known->preview->message.preview_html(), "beginning");
  EXPECT_EQ(known->preview->message.body_html(), "");
  cache_.Learn("/c/news/peace", "1");
  EXPECT_NE(cache_.FindPost("/c/news/peace")->body, nullptr);
  // Another post at the same path has nothing of the first.
  cache_.KeepPost("/c/news/peace", "v1", clock_.Now(), PostOf("2", "", "other"));
  EXPECT_EQ(cache_.FindPost("/c/news/peace")->body, nullptr);
  cache_.Forget("/c/news/peace");
  EXPECT_EQ(cache_.FindPost("/c/news/peace"), nullptr);
}

TEST_F(ArticleCacheTest, TextAndPreviewAreOfOneVersion) {
  cache_.KeepPost("/c/news/peace", "v1", clock_.Now(), PostOf("1", "text"));
  cache_.KeepPost("/c/news/peace", "v2", clock_.Now(), PostOf("1", "", "beginning"));
  EXPECT_EQ(cache_.FindPost("/c/news/peace")->body, nullptr) << "of a version that is no more";
  cache_.KeepPost("/c/news/peace", "v3", clock_.Now(), PostOf("1", "other text"));
  EXPECT_EQ(cache_.FindPost("/c/news/peace")->preview, nullptr);
}

TEST_F(ArticleCacheTest, WhileContentIsAwayOnlyTextsFromAfterTheLastChangeAreOfUse) {
  const std::string path = "/c/news/peace";
  Follow();
  const auto of_use = [&] { return IsOfUse(path); };
  const auto keep = [&](absl::Time asked) {
    cache_.KeepPost(path, "v1", asked, PostOf("1", "text"));
  };
  cache_.Learn(path, "1");
  EXPECT_FALSE(of_use()) << "there is no text";
  keep(clock_.Now());
  EXPECT_TRUE(of_use());
  clock_.Advance(ArticleCache::kWhileAway);
  EXPECT_FALSE(of_use()) << "too old";
  const absl::Time asked_before = clock_.Now();
  cache_.PostChanged("2");
  keep(asked_before);
  EXPECT_TRUE(of_use()) << "another one has changed";
  cache_.PostChanged("1");
  EXPECT_FALSE(of_use());
  clock_.Advance(absl::Seconds(1));
  keep(clock_.Now());
  EXPECT_FALSE(of_use()) << "content may have answered under a lease";
  clock_.Advance(absl::Seconds(5));
  keep(asked_before);
  EXPECT_FALSE(of_use()) << "the answer was under way for long";
  keep(clock_.Now());
  EXPECT_TRUE(of_use());
  cache_.AllPostsChanged();
  EXPECT_FALSE(of_use()) << "nobody knows what has changed";
}

TEST_F(ArticleCacheTest, ManyChangesAreForgottenOnlyTogether) {
  Follow();
  cache_.KeepPost("/c/news/peace", "v1", clock_.Now(), PostOf("1", "text"));
  cache_.PostChanged("1");
  for (int i = 0; i < 10'000; ++i) cache_.PostChanged(std::to_string(i + 2));
  EXPECT_FALSE(IsOfUse("/c/news/peace"));
}

TEST_F(ArticleCacheTest, WhileContentIsAwayTextsAreOfUseIfChangesAreKnownUntilItsLastAnswer) {
  const std::string path = "/c/news/peace";
  cache_.KeepPost(path, "v1", clock_.Now(), PostOf("1", "text"));
  last_answer_ = clock_.Now();
  EXPECT_FALSE(IsOfUse(path)) << "nothing is known";
  Follow();
  EXPECT_TRUE(IsOfUse(path));
  clock_.Advance(absl::Minutes(1));
  EXPECT_TRUE(IsOfUse(path)) << "content has fallen silent";
  last_answer_ += absl::Milliseconds(200);
  EXPECT_TRUE(IsOfUse(path)) << "who changed something then waits for the answer";
  last_answer_ += absl::Milliseconds(1);
  EXPECT_FALSE(IsOfUse(path));
  Follow();
  cache_.PostChangesKnownUntil(absl::InfinitePast());
  EXPECT_FALSE(IsOfUse(path)) << "one is held back";
}

TEST_F(ArticleCacheTest, ADiscussionIsKeptUntilItChangesOrIsOld) {
  EXPECT_EQ(cache_.FindComments("1"), nullptr);
  const auto first = Load("1", 3);
  EXPECT_EQ(cache_.FindComments("1"), first);
  cache_.CommentsChanged("2");
  EXPECT_EQ(cache_.FindComments("1"), first);
  cache_.CommentsChanged("1");
  EXPECT_EQ(cache_.FindComments("1"), nullptr);
  const auto second = Load("1", 4);
  EXPECT_EQ(cache_.FindComments("1")->message.total_count(), 4);
  EXPECT_NE(second->number, first->number);
  clock_.Advance(ArticleCache::kFresh);
  EXPECT_EQ(cache_.FindComments("1"), nullptr);
  Load("1", 5);
  cache_.AllCommentsChanged();
  EXPECT_EQ(cache_.FindComments("1"), nullptr);
}

TEST_F(ArticleCacheTest, DiscussionsAreBoundedByWhatTheyHold) {
  ArticleCache::Comments comments;
  comments.add_comments()->set_body_html(std::string(60 << 10, 'x'));
  int kept = 0;
  for (const bool load : {true, false}) {
    for (int i = 0; i < 20; ++i) {
      const std::string id = std::to_string(i);
      if (load) cache_.KeepComments(id, cache_.BeginComments(id), clock_.Now(), comments);
      if (!load && cache_.FindComments(id) != nullptr) ++kept;
    }
  }
  EXPECT_EQ(kept, 4) << "a quarter of a MiB";
}

TEST_F(ArticleCacheTest, WhatChangedWhileItWasLoadedIsNotKept) {
  const int64_t begun = cache_.BeginComments("1");
  cache_.CommentsChanged("1");
  EXPECT_NE(cache_.KeepComments("1", begun, clock_.Now(), {}), nullptr);
  EXPECT_EQ(cache_.FindComments("1"), nullptr);
  const int64_t again = cache_.BeginComments("1");
  cache_.AllCommentsChanged();
  cache_.BeginComments("1");
  cache_.KeepComments("1", again, clock_.Now(), {});
  EXPECT_EQ(cache_.FindComments("1"), nullptr);
}

// So that a page is not made again of what has not changed.
TEST_F(ArticleCacheTest, WhatIsTheSameHasTheSameNumber) {
  const auto comments = Load("p", 1);
  const auto card = KeepCard("a");
  const auto post = cache_.KeepPost("/c/n/p", "1", clock_.Now(), PostOf("p", "body"));
  clock_.Advance(ArticleCache::kFresh);
  EXPECT_EQ(cache_.FindComments("p"), nullptr);
  EXPECT_EQ(Load("p", 1)->number, comments->number);
  EXPECT_EQ(cache_.FindComments("p")->load_time, clock_.Now());
  EXPECT_NE(Load("p", 2)->number, comments->number);
  EXPECT_EQ(KeepCard("a")->number, card->number);
  EXPECT_NE(KeepCard("b")->number, card->number);
  EXPECT_EQ(cache_.KeepPost("/c/n/p", "1", clock_.Now(), PostOf("p", "body"))->number,
            post->number);
  EXPECT_NE(cache_.KeepPost("/c/n/p", "2", clock_.Now(), PostOf("p", "other"))->number,
            post->number);
}

TEST_F(ArticleCacheTest, CardsGoWhenSomethingIsPublished) {
  const auto card = KeepCard("anna");
  EXPECT_EQ(cache_.FindCard("anna"), card);
  cache_.CardsChanged();
  EXPECT_EQ(cache_.FindCard("anna"), nullptr);
  KeepCard("anna");
  clock_.Advance(ArticleCache::kFresh);
  EXPECT_EQ(cache_.FindCard("anna"), nullptr);
}

TEST_F(ArticleCacheTest, ACardThatWasAskedForBeforeAChangeIsNotKept) {
  const int64_t begun = cache_.BeginCard();
  cache_.CardsChanged();
  EXPECT_NE(cache_.KeepCard("anna", begun, clock_.Now(), {}), nullptr) << "it is shown once";
  EXPECT_EQ(cache_.FindCard("anna"), nullptr);
}

}  // namespace
}  // namespace rostrum::gateway
