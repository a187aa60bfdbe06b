#include <atomic>
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
using ::testing::SizeIs;

const DeskUser kAsAnna{.account_id = kAnna};

// What every ManuscriptStore does, the real one and the fake.
template <class World>
class ManuscriptStoreContract : public ::testing::Test {
 protected:
  ManuscriptStore& store() { return world_.manuscripts; }
  absl::StatusOr<Manuscript> Create(const Manuscript& draft) {
    return store().Create(draft, Key());
  }
  absl::StatusOr<Manuscript> Change(const PostId& id,
                                    const std::function<void(ManuscriptContent&)>& change,
                                    absl::Time now = kNoon) {
    return store().Update(id, [&](Manuscript& stored) {
      ManuscriptContent content = stored.content;
      change(content);
      return Edit(stored, content, kAsAnna, "", now);
    });
  }
  std::vector<std::string> Titles(const ManuscriptQuery& query) {
    std::vector<std::string> titles;
    const auto manuscripts = store().List(query).value();
    for (const Manuscript& m : manuscripts) titles.push_back(m.content.title);
    return titles;
  }

  World world_;
  Setting<World> setting_{world_};
};

using Worlds = ::testing::Types<FakeWorld, PostgresWorld>;
TYPED_TEST_SUITE(ManuscriptStoreContract, Worlds);

TYPED_TEST(ManuscriptStoreContract, ReturnsWhatWasStored) {
  this->world_.AddPicture(kPhoto);
  Manuscript draft = this->setting_.Draft("Peace", "peace");
  draft.content.topic_ids = {this->setting_.topic.id};
  draft.content.picture = Picture{.media_id = kPhoto, .caption = "A dove", .credit = "Bert"};
  ASSERT_THAT(this->Create(draft), IsOk());
  const auto found = this->store().Get(draft.id);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->content, draft.content);
  EXPECT_EQ(found->author_account_id, kAnna);
  EXPECT_EQ(found->state, v1::MANUSCRIPT_STATE_DRAFT);
  EXPECT_EQ(found->create_time, kNoon);
  EXPECT_EQ(found->version, 1);
  EXPECT_FALSE(found->publish_time.has_value());
  EXPECT_THAT(this->store().Get(PostId(NewUuid(kNoon))).status(), HasReason("POST_NOT_FOUND"));
}

TYPED_TEST(ManuscriptStoreContract, HostileTextComesBackAsItIs) {
  const std::string hostile = "'; DROP TABLE posts; -- \\ \" % {} \xF0\x9F\x98\x80 \xD8\xA7\n\t$1";
  Manuscript draft = this->setting_.Draft(hostile, "hostile");
  draft.content.markdown = draft.content.body_html = draft.content.lede = hostile;
  ASSERT_THAT(this->Create(draft), IsOk());
  EXPECT_EQ(this->store().Get(draft.id)->content, draft.content);
  ASSERT_THAT(this->Change(draft.id, [](ManuscriptContent& c) { c.markdown = "tame"; }), IsOk());
  EXPECT_EQ(this->store().ListRevisions(draft.id, std::nullopt, 5)->front().markdown, hostile);
}

TYPED_TEST(ManuscriptStoreContract, AKeyMakesOneManuscript) {
  const auto make = [&](const std::string& title, const std::string& hash) {
    return this->store().Create(this->setting_.Draft(title), Key("k", hash));
  };
  const auto first = make("Peace", "h");
  const auto second = make("Peace", "h");
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->id, second->id);
  EXPECT_THAT(make("War", "other").status(), HasViolation("request_id"));
  EXPECT_THAT(this->Titles({}), ElementsAre("Peace"));
}

TYPED_TEST(ManuscriptStoreContract, ParallelRepeatsMakeOneManuscript) {
  InParallel(8, [&](int) {
    EXPECT_THAT(this->store().Create(this->setting_.Draft("Peace"), Key("k")), IsOk());
  });
  EXPECT_THAT(this->Titles({}), ElementsAre("Peace"));
}

TYPED_TEST(ManuscriptStoreContract, WithoutASlugItGetsOneFromItsTitle) {
  EXPECT_EQ(this->Create(this->setting_.Draft("Peace, at last!"))->content.slug, "peace-at-last");
  EXPECT_EQ(this->Create(this->setting_.Draft("Peace at last"))->content.slug, "peace-at-last-2");
  EXPECT_EQ(this->Create(this->setting_.Draft("Peace? At last?"))->content.slug, "peace-at-last-3");
  EXPECT_EQ(this->Create(this->setting_.Draft("\xD0\x9C\xD0\xB8\xD1\x80"))->content.slug, "post");
}

TYPED_TEST(ManuscriptStoreContract, WhoNamesNoSlugGetsOneHoweverManyAreTaken) {
  std::string last;
  for (int i = 0; i < 12; ++i) {
    const auto created = this->Create(this->setting_.Draft("Peace"));
    ASSERT_THAT(created, IsOk());
    last = created->content.slug;
    if (i >= 9) {
      EXPECT_EQ(last, "peace-" + created->id.value().substr(24));
    }
  }
  EXPECT_THAT(this->Create(this->setting_.Draft("Peace", last)).status(), HasReason("SLUG_TAKEN"));
  EXPECT_EQ(this->Create(this->setting_.Draft("Peace 10"))->content.slug, "peace-10");
}

TYPED_TEST(ManuscriptStoreContract, TheSameTitleAtOnceIsNumberedToo) {
  InParallel(8, [&](int) { EXPECT_THAT(this->Create(this->setting_.Draft("Peace")), IsOk()); });
  std::set<std::string> slugs;
  const auto all = this->store().List({.limit = 50}).value();
  for (const Manuscript& manuscript : all) slugs.insert(manuscript.content.slug);
  EXPECT_THAT(slugs, SizeIs(8));
}

TYPED_TEST(ManuscriptStoreContract, ASlugIsOnePostsInItsChannel) {
  ASSERT_THAT(this->Create(this->setting_.Draft("One", "peace")), IsOk());
  const auto second = this->Create(this->setting_.Draft("Two", "peace"));
  EXPECT_THAT(second.status(), HasReason("SLUG_TAKEN"));
  EXPECT_THAT(second.status(), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(this->Titles({}), ElementsAre("One"));
  const auto third = this->Create(this->setting_.Draft("Three", "war"));
  EXPECT_THAT(this->Change(third->id, [](ManuscriptContent& c) { c.slug = "peace"; }).status(),
              HasReason("SLUG_TAKEN"));
  EXPECT_EQ(this->store().Get(third->id)->content.slug, "war");
  // In another channel it is free.
  const auto sport = Setting<TypeParam>::NewChannel("sport");
  ASSERT_THAT(this->world_.catalog.CreateChannel(sport, Key()), IsOk());
  Manuscript elsewhere = this->setting_.Draft("Four", "peace");
  elsewhere.content.channel_id = sport.id;
  EXPECT_THAT(this->Create(elsewhere), IsOk());
}

TYPED_TEST(ManuscriptStoreContract, ADraftsFormerSlugIsFreeAPublishedPostsIsNot) {
  const auto draft = this->Create(this->setting_.Draft("One", "first"));
  const auto rename = [&](const std::string& slug) {
    return this->Change(draft->id, [&](ManuscriptContent& c) { c.slug = slug; });
  };
  ASSERT_THAT(rename("second"), IsOk());
  ASSERT_THAT(this->Create(this->setting_.Draft("Two", "first")), IsOk());
  ASSERT_THAT(this->store().Update(
                  draft->id, [](Manuscript& m) { return Publish(m, std::nullopt, "", kNoon); }),
              IsOk());
  ASSERT_THAT(rename("third"), IsOk());
  EXPECT_THAT(this->Create(this->setting_.Draft("Three", "second")).status(),
              HasReason("SLUG_TAKEN"));
  EXPECT_THAT(rename("second"), IsOk());  // its own
}

TYPED_TEST(ManuscriptStoreContract, WhatItRefersToMustBeThere) {
  const auto refused = [&](const std::function<void(ManuscriptContent&)>& change) {
    Manuscript draft = this->setting_.Draft("Peace");
    change(draft.content);
    return this->Create(draft).status();
  };
  const std::string none = NewUuid(kNoon);
  EXPECT_THAT(refused([&](auto& c) { c.channel_id = ChannelId(none); }),
              HasViolation("manuscript.channel_id"));
  EXPECT_THAT(refused([&](auto& c) { c.author_id = AuthorId(none); }),
              HasViolation("manuscript.author_id"));
  EXPECT_THAT(refused([&](auto& c) { c.picture = Picture{.media_id = MediaId(none)}; }),
              HasViolation("manuscript.picture.media_id"));
  EXPECT_THAT(refused([&](auto& c) {
                c.topic_ids = {this->setting_.topic.id, TopicId(none)};
              }),
              HasViolation("manuscript.topic_ids[1]"));
  const auto created = this->Create(this->setting_.Draft("Peace"));
  EXPECT_THAT(this->Change(created->id, [&](auto& c) { c.channel_id = ChannelId(none); }).status(),
              HasViolation("manuscript.channel_id"));
}

TYPED_TEST(ManuscriptStoreContract, EveryNewTextKeepsTheFormerOne) {
  const auto created = this->Create(this->setting_.Draft("One"));
  const auto change = [&](const std::string& title, absl::Time now) {
    return this->Change(
        created->id, [&](ManuscriptContent& c) { c.title = title; }, now);
  };
  ASSERT_THAT(change("Two", kNoon + absl::Hours(1)), IsOk());
  ASSERT_THAT(change("Three", kNoon + absl::Hours(2)), IsOk());
  ASSERT_THAT(change("Three", kNoon + absl::Hours(3)), IsOk());  // nothing new
  ASSERT_THAT(this->Change(created->id, [](ManuscriptContent& c) { c.lede = "x"; }), IsOk());
  const auto revisions = this->store().ListRevisions(created->id, std::nullopt, 5).value();
  ASSERT_THAT(revisions, SizeIs(2));
  EXPECT_EQ(revisions[0].title, "Two");
  EXPECT_EQ(revisions[0].revision, 2);
  EXPECT_EQ(revisions[0].create_time, kNoon + absl::Hours(1));
  EXPECT_EQ(revisions[1].title, "One");
  EXPECT_EQ(revisions[1].account_id, kAnna);
  EXPECT_EQ(this->store().ListRevisions(created->id, 2, 5)->front().title, "One");
  EXPECT_THAT(this->store().ListRevisions(created->id, 1, 5).value(), IsEmpty());
  EXPECT_THAT(this->store().ListRevisions(created->id, std::nullopt, 1).value(), SizeIs(1));
}

TYPED_TEST(ManuscriptStoreContract, AChangeThatIsRefusedChangesNothing) {
  const auto created = this->Create(this->setting_.Draft("Peace"));
  const auto refused = this->store().Update(created->id, [](Manuscript& m) {
    m.content.title = "half done";
    ++m.version;
    return absl::AbortedError("no");
  });
  EXPECT_THAT(refused.status(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(this->store().Get(created->id)->content.title, "Peace");
  EXPECT_THAT(this->store()
                  .Update(PostId(NewUuid(kNoon)), [](Manuscript&) { return absl::OkStatus(); })
                  .status(),
              HasReason("POST_NOT_FOUND"));
}

TYPED_TEST(ManuscriptStoreContract, OfTwoWithTheSameEtagOneWins) {
  const auto created = this->Create(this->setting_.Draft("Peace"));
  std::atomic<int> won = 0;
  InParallel(8, [&](int i) {
    const auto changed = this->store().Update(created->id, [&](Manuscript& stored) {
      ManuscriptContent content = stored.content;
      content.title = "Version " + std::to_string(i);
      return Edit(stored, content, kAsAnna, "\"1\"", kNoon);
    });
    if (changed.ok()) {
      ++won;
    } else {
      EXPECT_THAT(changed.status(), HasReason("ETAG_MISMATCH"));
    }
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(this->store().Get(created->id)->version, 2);
}

TYPED_TEST(ManuscriptStoreContract, DeletesWhatTheCheckAgreesTo) {
  const auto created = this->Create(this->setting_.Draft("Peace", "peace"));
  EXPECT_THAT(
      this->store().Delete(created->id, [](const Manuscript&) { return absl::AbortedError("no"); }),
      StatusIs(absl::StatusCode::kAborted));
  ASSERT_THAT(this->store().Get(created->id), IsOk());
  const auto agree = [](const Manuscript&) { return absl::OkStatus(); };
  ASSERT_THAT(this->store().Delete(created->id, agree), IsOk());
  EXPECT_THAT(this->store().Get(created->id).status(), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(this->store().Delete(created->id, agree), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(this->Create(this->setting_.Draft("Two", "peace")), IsOk());
}

TYPED_TEST(ManuscriptStoreContract, ListsLastChangedFirstWithoutTexts) {
  for (const int second : {0, 1, 1, 2}) {  // two share their time: the id decides
    ASSERT_THAT(this->Create(this->setting_.Draft(std::to_string(second), "",
                                                  kNoon + absl::Seconds(second))),
                IsOk());
  }
  std::vector<std::string> titles;
  ManuscriptQuery query{.limit = 1};
  for (auto page = this->store().List(query).value(); !page.empty();
       page = this->store().List(query).value()) {
    titles.push_back(page[0].content.title);
    EXPECT_EQ(page[0].content.markdown + page[0].content.body_html, "");
    query.after = ManuscriptCursor{page[0].update_time, page[0].id};
  }
  EXPECT_THAT(titles, ElementsAre("2", "1", "1", "0"));
}

TYPED_TEST(ManuscriptStoreContract, ListsByAuthorAndState) {
  ASSERT_THAT(this->Create(this->setting_.Draft("Draft")), IsOk());
  StorePublished(this->world_, this->setting_.Draft("Published"));
  Manuscript of_bert = this->setting_.Draft("Bert's");
  of_bert.content.author_id = this->setting_.bert.id;
  ASSERT_THAT(this->Create(of_bert), IsOk());
  EXPECT_THAT(this->Titles({.account_id = kBert}), ElementsAre("Bert's"));
  EXPECT_THAT(this->Titles({.state = v1::MANUSCRIPT_STATE_PUBLISHED}), ElementsAre("Published"));
  EXPECT_THAT(this->Titles({.account_id = kBert, .state = v1::MANUSCRIPT_STATE_PUBLISHED}),
              IsEmpty());
  EXPECT_THAT(this->Titles({}), SizeIs(3));
}

TYPED_TEST(ManuscriptStoreContract, PublishesWhatIsDueAsOfThePromisedTime) {
  const auto schedule = [&](const std::string& title, absl::Time time) {
    const auto created = this->Create(this->setting_.Draft(title));
    EXPECT_THAT(this->store().Update(created->id,
                                     [&](Manuscript& m) { return Schedule(m, time, "", kNoon); }),
                IsOk());
    return created->id;
  };
  const PostId due = schedule("Due", kNoon + absl::Minutes(1));
  const PostId later = schedule("Later", kNoon + absl::Hours(1));
  EXPECT_EQ(this->store().PublishDue(kNoon + absl::Seconds(59), 10).value(), 0);
  EXPECT_EQ(this->store().PublishDue(kNoon + absl::Minutes(5), 10).value(), 1);
  EXPECT_EQ(this->store().PublishDue(kNoon + absl::Minutes(5), 10).value(), 0);
  const auto published = this->store().Get(due);
  EXPECT_TRUE(published->published());
  EXPECT_EQ(published->publish_time, kNoon + absl::Minutes(1));
  EXPECT_FALSE(published->schedule_time.has_value());
  EXPECT_EQ(this->store().Get(later)->state, v1::MANUSCRIPT_STATE_SCHEDULED);
}

}  // namespace
}  // namespace rostrum::content
