#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/services/content/worlds.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr AccessLevel kMetered = subscription::v1::ACCESS_LEVEL_METERED;
constexpr AccessLevel kPremium = subscription::v1::ACCESS_LEVEL_PREMIUM;

// What every PostStore does, the real one and the fake.
template <class World>
class PostStoreContract : public ::testing::Test {
 protected:
  PostStore& store() { return world_.posts; }
  Manuscript Store(const std::string& title, absl::Time time = kNoon) {
    return StorePublished(world_, setting_.Draft(title, title), time);
  }
  void Change(const PostId& id, const std::function<absl::Status(Manuscript&)>& change) {
    ASSERT_THAT(world_.manuscripts.Update(id, change), IsOk());
  }
  void Unpublish(const PostId& id) {
    Change(id, [](Manuscript& m) { return content::Unpublish(m, "", kNoon); });
  }
  // To another slug.
  void MovePost(const PostId& id, const std::string& slug) {
    Change(id, [&](Manuscript& m) {
      ManuscriptContent content = m.content;
      content.slug = slug;
      return Edit(m, content, {.account_id = kAnna}, "", kNoon);
    });
  }
  void MoveChannel(const std::string& slug) {
    ChangeChannel(world_, setting_.channel.id, [&](Channel& channel) { channel.slug = slug; });
  }
  std::vector<std::string> Titles(const PostQuery& query) {
    std::vector<std::string> titles;
    const auto posts = store().List(query).value();
    for (const PostSummary& post : posts) titles.push_back(post.title);
    return titles;
  }

  World world_;
  Setting<World> setting_{world_};
};

using Worlds = ::testing::Types<FakeWorld, PostgresWorld>;
TYPED_TEST_SUITE(PostStoreContract, Worlds);

TYPED_TEST(PostStoreContract, ShowsAPostWithAllAroundIt) {
  this->world_.AddPicture(kPhoto);
  Manuscript draft = this->setting_.Draft("Peace", "peace");
  draft.content.lede = "At last.";
  draft.content.topic_ids = {this->setting_.topic.id};
  draft.content.picture = Picture{.media_id = kPhoto, .caption = "A dove"};
  StorePublished(this->world_, draft);
  const auto post = this->store().Find({.id = draft.id});
  ASSERT_THAT(post, IsOk());
  EXPECT_EQ(post->title, "Peace");
  EXPECT_EQ(post->slug, "peace");
  EXPECT_EQ(post->lede, "At last.");
  EXPECT_EQ(post->channel.slug, "news");
  EXPECT_EQ(post->author.slug, "anna");
  EXPECT_EQ(post->author.account_id, kAnna);
  ASSERT_EQ(post->topics.size(), 1u);
  EXPECT_EQ(post->topics[0].slug, "law");
  EXPECT_EQ(post->picture->caption, "A dove");
  EXPECT_EQ(post->publish_time, kNoon);
  EXPECT_FALSE(post->revise_time.has_value());
  EXPECT_EQ(post->word_count, 4);
  EXPECT_EQ(post->view_count, 0);
}

TYPED_TEST(PostStoreContract, OnlyWhatIsPublishedIsFound) {
  const Manuscript post = this->Store("peace");
  this->Unpublish(post.id);
  const Manuscript draft = this->setting_.Draft("Draft", "draft");
  ASSERT_THAT(this->world_.manuscripts.Create(draft, Key()), IsOk());
  for (const PostRef& ref :
       {PostRef{.id = post.id}, PostRef{.id = draft.id}, PostRef{.id = PostId(NewUuid(kNoon))},
        PostRef{.channel = "news", .slug = "peace"}, PostRef{.channel = "news", .slug = "draft"},
        PostRef{.channel = "none", .slug = "peace"}}) {
    EXPECT_THAT(this->store().Find(ref).status(), HasReason("POST_NOT_FOUND"));
  }
  EXPECT_THAT(this->Titles({}), IsEmpty());
  EXPECT_FALSE(this->store().GetFacts(post.id)->published);
  EXPECT_THAT(this->store().GetFacts(PostId(NewUuid(kNoon))).status(), HasReason("POST_NOT_FOUND"));
}

TYPED_TEST(PostStoreContract, VersionsChangeWithWhatReadersSee) {
  const Manuscript post = this->Store("peace");
  const Manuscript other = this->Store("war");
  const Manuscript draft = this->setting_.Draft("Draft", "draft");
  ASSERT_THAT(this->world_.manuscripts.Create(draft, Key()), IsOk());
  const std::vector<PostId> ids = {post.id, other.id, draft.id, post.id, PostId(NewUuid(kNoon))};
  const auto before = this->store().GetVersions(ids);
  ASSERT_THAT(before, IsOk());
  ASSERT_EQ(before->size(), 2u);
  EXPECT_EQ(before->at(post.id).facts.access_level, kMetered);
  EXPECT_EQ(before->at(post.id).facts.author_account_id, kAnna);
  EXPECT_EQ(this->store().GetVersions(ids)->at(post.id).version, before->at(post.id).version);

  this->Change(post.id, [](Manuscript& m) {
    ManuscriptContent content = m.content;
    content.access_level = kPremium;
    return Edit(m, content, {.account_id = kAnna}, "", kNoon);
  });
  const auto after = this->store().GetVersions(ids);
  EXPECT_NE(after->at(post.id).version, before->at(post.id).version);
  EXPECT_EQ(after->at(post.id).facts.access_level, kPremium);
  EXPECT_EQ(after->at(other.id).version, before->at(other.id).version);
  this->Unpublish(post.id);
  EXPECT_FALSE(this->store().GetVersions(ids)->contains(post.id));
  EXPECT_THAT(*this->store().GetVersions({}), IsEmpty());
}

TYPED_TEST(PostStoreContract, TellsWhetherReadersMaySeeSomethingElse) {
  std::string state;
  const auto has_changed = [&] {
    const auto look = this->store().LookForChanges(state);
    EXPECT_THAT(look, IsOk());
    state = look->state;
    return look->changed;
  };
  const auto edit = [](Manuscript& m) {
    ManuscriptContent content = m.content;
    content.title += "!";
    return Edit(m, content, {.account_id = kAnna}, "", kNoon);
  };
  const Manuscript post = this->Store("peace");
  EXPECT_TRUE(has_changed());
  EXPECT_FALSE(has_changed());

  const Manuscript draft = this->setting_.Draft("Draft", "draft");
  ASSERT_THAT(this->world_.manuscripts.Create(draft, Key()), IsOk());
  this->Change(draft.id, edit);
  const Manuscript other = this->Store("war");
  EXPECT_FALSE(has_changed());

  this->Change(post.id, edit);
  EXPECT_TRUE(has_changed());
  EXPECT_FALSE(has_changed());
  ChangeChannel(this->world_, this->setting_.channel.id,
                [](Channel& channel) { channel.display_name = "World"; });
  EXPECT_TRUE(has_changed());
  EXPECT_FALSE(has_changed());
  ASSERT_THAT(this->world_.catalog.UpdateAuthor(this->setting_.anna.id,
                                                [](Author& author) {
                                                  author.display_name = "A.";
                                                  ++author.version;
                                                  return absl::OkStatus();
                                                }),
              IsOk());
  EXPECT_TRUE(has_changed());
  EXPECT_FALSE(has_changed());
  this->Unpublish(other.id);
  EXPECT_TRUE(has_changed());
  EXPECT_FALSE(has_changed());
}

TYPED_TEST(PostStoreContract, FormerSlugsOfPostAndChannelLeadToIt) {
  const Manuscript post = this->Store("peace");
  this->MovePost(post.id, "peace-at-last");
  this->MoveChannel("world");
  const std::string channel_id = this->setting_.channel.id.value();
  for (const std::string& channel : {std::string("news"), std::string("world"), channel_id}) {
    for (const std::string slug : {"peace", "peace-at-last"}) {
      const auto found = this->store().Find({.channel = channel, .slug = slug});
      ASSERT_THAT(found, IsOk());
      EXPECT_EQ(found->id, post.id);
      EXPECT_EQ(found->slug, "peace-at-last");
      EXPECT_EQ(found->channel.slug, "world");
    }
  }
}

TYPED_TEST(PostStoreContract, APlaceIsWhereAPostStandsNow) {
  const Manuscript post = this->Store("peace");
  Manuscript draft = this->setting_.Draft("Draft", "draft");
  ASSERT_THAT(this->world_.manuscripts.Create(draft, Key()), IsOk());
  const SlugPair before{"news", "peace"}, after{"news", "peace-at-last"};
  const std::vector<SlugPair> asked = {before, after, {"news", "draft"}, {"none", "peace"}};
  EXPECT_THAT(*this->store().Resolve(asked), ElementsAre(Pair(before, post.id)));
  this->MovePost(post.id, "peace-at-last");
  EXPECT_THAT(*this->store().Resolve(asked), ElementsAre(Pair(after, post.id)));
  this->MoveChannel("world");
  EXPECT_THAT(*this->store().Resolve(asked), IsEmpty());
  EXPECT_THAT(*this->store().Resolve({{"world", "peace-at-last"}}), SizeIs(1));
}

TYPED_TEST(PostStoreContract, FindsSeveralAtOnce) {
  const Manuscript peace = this->Store("peace");
  const Manuscript war = this->Store("war");
  const PostId nowhere(NewUuid(kNoon));
  for (int i = 0; i < 2; ++i) {  // loaded, then kept
    const auto posts = this->store().FindAll({peace.id, nowhere, war.id, peace.id});
    ASSERT_THAT(posts, IsOk());
    ASSERT_THAT(*posts, SizeIs(2));
    EXPECT_EQ(posts->at(peace.id).title, "peace");
    EXPECT_THAT(posts->at(war.id).topics, SizeIs(peace.content.topic_ids.size()));

    const TextRef body{peace.id, kMetered, TextPart::kBody};
    const TextRef preview{war.id, kMetered, TextPart::kPreview};
    const TextRef other_level{war.id, kPremium, TextPart::kBody};
    EXPECT_THAT(*this->store().GetTexts({body, preview, other_level}),
                UnorderedElementsAre(Pair(body, "<p>The text of peace</p>\n"),
                                     Pair(preview, "<p>The preview</p>\n")));
  }
  this->Unpublish(peace.id);
  EXPECT_THAT(*this->store().FindAll({peace.id, war.id}), SizeIs(1));
}

TYPED_TEST(PostStoreContract, TellsWhatADecisionNeeds) {
  Manuscript draft = this->setting_.Draft("Peace");
  draft.content.access_level = kPremium;
  ASSERT_THAT(this->world_.manuscripts.Create(draft, Key()), IsOk());
  const auto facts = this->store().GetFacts(draft.id);
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->id, draft.id);
  EXPECT_FALSE(facts->published);
  EXPECT_EQ(facts->access_level, kPremium);
  EXPECT_EQ(facts->author_account_id, kAnna);
}

TYPED_TEST(PostStoreContract, GivesATextOnlyAsItWasDecided) {
  const Manuscript post = this->Store("peace");
  EXPECT_EQ(this->store().GetText({post.id, kMetered, TextPart::kBody}).value(),
            "<p>The text of peace</p>\n");
  EXPECT_EQ(this->store().GetText({post.id, kMetered, TextPart::kPreview}).value(),
            "<p>The preview</p>\n");
  // It became premium after it was decided that a metered post may be read.
  this->Change(post.id, [](Manuscript& m) {
    ManuscriptContent content = m.content;
    content.access_level = kPremium;
    return Edit(m, content, {.account_id = kAnna}, "", kNoon);
  });
  for (const TextPart part : {TextPart::kBody, TextPart::kPreview}) {
    const auto refused = this->store().GetText({post.id, kMetered, part});
    EXPECT_THAT(refused.status(), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(refused.status(), HasReason("POST_CHANGED"));
  }
  ASSERT_THAT(this->store().GetText({post.id, kPremium, TextPart::kBody}), IsOk());
  this->Unpublish(post.id);
  EXPECT_THAT(this->store().GetText({post.id, kPremium, TextPart::kBody}).status(),
              HasReason("POST_CHANGED"));
}

TYPED_TEST(PostStoreContract, PagesNewestFirstWithoutGapsOrRepeats) {
  // Three share their time: the id decides.
  for (const int second : {0, 2, 1, 1, 1}) {
    const std::string title = std::to_string(second);
    StorePublished(this->world_, this->setting_.Draft(title), kNoon + absl::Seconds(second));
  }
  std::vector<std::string> titles;
  std::set<PostId> ids;
  PostQuery query{.limit = 2};
  for (auto page = this->store().List(query).value(); !page.empty();
       page = this->store().List(query).value()) {
    for (const PostSummary& post : page) {
      titles.push_back(post.title);
      ids.insert(post.id);
    }
    query.after = PostCursor{page.back().publish_time, page.back().id};
  }
  EXPECT_THAT(titles, ElementsAre("2", "1", "1", "1", "0"));
  EXPECT_EQ(ids.size(), 5u);
}

TYPED_TEST(PostStoreContract, FiltersAreCombined) {
  const auto sport = Setting<TypeParam>::NewChannel("sport");
  ASSERT_THAT(this->world_.catalog.CreateChannel(sport, Key()), IsOk());
  const auto store = [&](const std::string& title, auto change) {
    Manuscript draft = this->setting_.Draft(title);
    change(draft.content);
    StorePublished(this->world_, draft);
  };
  store("plain", [](ManuscriptContent&) {});
  store("sport", [&](ManuscriptContent& c) { c.channel_id = sport.id; });
  store("bert", [&](ManuscriptContent& c) { c.author_id = this->setting_.bert.id; });
  store("law", [&](ManuscriptContent& c) { c.topic_ids = {this->setting_.topic.id}; });
  store("premium", [](ManuscriptContent& c) { c.access_level = kPremium; });
  store("premium law", [&](ManuscriptContent& c) {
    c.access_level = kPremium;
    c.topic_ids = {this->setting_.topic.id};
  });
  EXPECT_THAT(this->Titles({.channel_id = sport.id}), ElementsAre("sport"));
  EXPECT_THAT(this->Titles({.author_id = this->setting_.bert.id}), ElementsAre("bert"));
  EXPECT_EQ(this->Titles({.topic_id = this->setting_.topic.id}).size(), 2u);
  EXPECT_EQ(this->Titles({.access_level = kPremium}).size(), 2u);
  EXPECT_THAT(this->Titles({.topic_id = this->setting_.topic.id, .access_level = kPremium}),
              ElementsAre("premium law"));
  EXPECT_THAT(this->Titles({.channel_id = sport.id, .author_id = this->setting_.bert.id}),
              IsEmpty());
}

}  // namespace
}  // namespace rostrum::content
