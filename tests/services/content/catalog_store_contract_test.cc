#include <atomic>
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

// What every CatalogStore does, the real one and the fake.
template <class World>
class CatalogStoreContract : public ::testing::Test {
 protected:
  using Samples = Setting<World>;

  CatalogStore& store() { return world_.catalog; }
  absl::StatusOr<Channel> Rename(const ChannelId& id, const std::string& slug) {
    return store().UpdateChannel(id, [&](Channel& channel) {
      channel.slug = slug;
      ++channel.version;
      return absl::OkStatus();
    });
  }

  World world_;
};

using Worlds = ::testing::Types<FakeWorld, PostgresWorld>;
TYPED_TEST_SUITE(CatalogStoreContract, Worlds);

TYPED_TEST(CatalogStoreContract, ReturnsWhatWasStoredByIdAndBySlug) {
  Channel channel = Setting<TypeParam>::NewChannel("news");
  channel.description = "'; DROP TABLE channels; -- \\ \" % \xF0\x9F\x98\x80";
  ASSERT_THAT(this->store().CreateChannel(channel, Key()), IsOk());
  for (const std::string& name : {channel.id.value(), channel.slug}) {
    const auto found = this->store().FindChannel(name);
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->id, channel.id);
    EXPECT_EQ(found->description, channel.description);
    EXPECT_EQ(found->create_time, kNoon);
    EXPECT_EQ(found->version, 1);
  }
  const Topic topic = Setting<TypeParam>::NewTopic("news");  // each kind has its own slugs
  ASSERT_THAT(this->store().CreateTopic(topic, Key()), IsOk());
  EXPECT_EQ(this->store().FindTopic("news")->id, topic.id);
  EXPECT_EQ(this->store().FindTopic(topic.id.value())->slug, "news");
}

TYPED_TEST(CatalogStoreContract, SaysWhatIsNotThere) {
  for (const std::string& name :
       {std::string("none"), std::string(), std::string("No slug"), NewUuid(kNoon)}) {
    EXPECT_THAT(this->store().FindChannel(name).status(), HasReason("CHANNEL_NOT_FOUND"));
    EXPECT_THAT(this->store().FindTopic(name).status(), HasReason("TOPIC_NOT_FOUND"));
    EXPECT_THAT(this->store().FindAuthor(name).status(), HasReason("AUTHOR_NOT_FOUND"));
  }
  EXPECT_THAT(this->store().FindAuthorOf(kAnna).status(), HasReason("AUTHOR_NOT_FOUND"));
  EXPECT_THAT(this->Rename(ChannelId(NewUuid(kNoon)), "x").status(),
              HasReason("CHANNEL_NOT_FOUND"));
}

TYPED_TEST(CatalogStoreContract, AKeyMakesOneEntry) {
  const auto make = [&](const std::string& slug, const std::string& hash) {
    return this->store().CreateChannel(Setting<TypeParam>::NewChannel(slug), Key("k", hash));
  };
  const auto first = make("news", "h");
  const auto second = make("news", "h");
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->id, second->id);
  EXPECT_THAT(make("other", "other").status(), HasViolation("request_id"));
}

TYPED_TEST(CatalogStoreContract, ParallelRepeatsMakeOneEntry) {
  InParallel(8, [&](int) {
    EXPECT_THAT(this->store().CreateTopic(Setting<TypeParam>::NewTopic("law"), Key("k")), IsOk());
  });
  EXPECT_EQ(this->store().ListTopics(std::nullopt, 10)->size(), 1u);
}

TYPED_TEST(CatalogStoreContract, ASlugGoesToOneOfThoseWhoWantItAtOnce) {
  std::atomic<int> made = 0;
  InParallel(8, [&](int) {
    const auto channel = this->store().CreateChannel(Setting<TypeParam>::NewChannel("news"), Key());
    if (channel.ok()) {
      ++made;
    } else {
      EXPECT_THAT(channel.status(), HasReason("SLUG_TAKEN"));
      EXPECT_THAT(channel.status(), StatusIs(absl::StatusCode::kAlreadyExists));
    }
  });
  EXPECT_EQ(made, 1);
}

TYPED_TEST(CatalogStoreContract, AFormerSlugStillLeadsThereAndToNobodyElse) {
  const Channel channel = Setting<TypeParam>::NewChannel("news");
  ASSERT_THAT(this->store().CreateChannel(channel, Key()), IsOk());
  const auto renamed = this->Rename(channel.id, "world-news");
  ASSERT_THAT(renamed, IsOk());
  EXPECT_EQ(renamed->version, 2);
  EXPECT_EQ(this->store().FindChannel("news")->slug, "world-news");
  EXPECT_EQ(this->store().FindChannel("world-news")->id, channel.id);
  const Channel other = Setting<TypeParam>::NewChannel("news");
  EXPECT_THAT(this->store().CreateChannel(other, Key()).status(), HasReason("SLUG_TAKEN"));
  const Channel third = Setting<TypeParam>::NewChannel("third");
  ASSERT_THAT(this->store().CreateChannel(third, Key()), IsOk());
  EXPECT_THAT(this->Rename(third.id, "news").status(), HasReason("SLUG_TAKEN"));
  EXPECT_EQ(this->store().FindChannel("third")->slug, "third");
  ASSERT_THAT(this->Rename(channel.id, "news"), IsOk());  // its own
}

TYPED_TEST(CatalogStoreContract, AChangeThatIsRefusedChangesNothing) {
  const Channel channel = Setting<TypeParam>::NewChannel("news");
  ASSERT_THAT(this->store().CreateChannel(channel, Key()), IsOk());
  const auto refused = this->store().UpdateChannel(channel.id, [](Channel& c) {
    c.display_name = "half done";
    return absl::AbortedError("no");
  });
  EXPECT_THAT(refused.status(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(this->store().FindChannel("news")->display_name, "news");
}

TYPED_TEST(CatalogStoreContract, AnAccountHasOneAuthor) {
  using Samples = Setting<TypeParam>;
  ASSERT_THAT(this->store().CreateAuthor(Samples::NewAuthor("anna", kAnna), Key()), IsOk());
  EXPECT_EQ(this->store().FindAuthorOf(kAnna)->slug, "anna");
  const auto second = this->store().CreateAuthor(Samples::NewAuthor("anna-2", kAnna), Key());
  EXPECT_THAT(second.status(), HasReason("ACCOUNT_HAS_AUTHOR"));
  EXPECT_THAT(second.status(), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(this->store().FindAuthor("anna-2").status(), HasReason("AUTHOR_NOT_FOUND"));
  // Bylines without an account are as many as there are.
  for (const std::string slug : {"agency", "desk"}) {
    EXPECT_THAT(this->store().CreateAuthor(Samples::NewAuthor(slug, AccountId()), Key()), IsOk());
  }
}

TYPED_TEST(CatalogStoreContract, AnAuthorsPictureIsOneThatThereIs) {
  Author author = Setting<TypeParam>::NewAuthor("anna", kAnna);
  author.avatar = kPhoto;
  EXPECT_THAT(this->store().CreateAuthor(author, Key()).status(),
              HasViolation("author.avatar_media_id"));
  this->world_.AddPicture(kPhoto);
  ASSERT_THAT(this->store().CreateAuthor(author, Key()), IsOk());
  const auto update = [&](const MediaId& avatar) {
    return this->store().UpdateAuthor(author.id, [&](Author& stored) {
      stored.avatar = avatar;
      ++stored.version;
      return absl::OkStatus();
    });
  };
  EXPECT_THAT(update(MediaId(NewUuid(kNoon))).status(), HasViolation("author.avatar_media_id"));
  EXPECT_EQ(this->store().FindAuthor("anna")->avatar, kPhoto);
  ASSERT_THAT(update(MediaId()), IsOk());
  EXPECT_EQ(this->store().FindAuthor("anna")->avatar, MediaId());
}

TYPED_TEST(CatalogStoreContract, PagesByNameThenId) {
  for (const std::string name : {"b", "c", "b", "a"}) {
    Author author = Setting<TypeParam>::NewAuthor("x" + NewUuid(kNoon).substr(24), AccountId());
    author.display_name = name;
    ASSERT_THAT(this->store().CreateAuthor(author, Key()), IsOk());
  }
  std::vector<std::string> names;
  std::optional<NameCursor> after;
  for (auto page = this->store().ListAuthors(after, 1).value(); !page.empty();
       page = this->store().ListAuthors(after, 1).value()) {
    names.push_back(page[0].display_name);
    after = NameCursor{page[0].display_name, page[0].id.value()};
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "b", "c"));
  EXPECT_THAT(this->store().ListChannels(std::nullopt, 5).value(), IsEmpty());
}

TEST(PostgresCatalogStoreTest, NamesAreInTheOrderOfPeopleNotOfBytes) {
  PostgresWorld world;
  int number = 0;
  for (const std::string name : {"zebra", "\xC3\x89mile", "Eva", "adam", "Zoe", "dora"}) {
    Channel channel = Setting<PostgresWorld>::NewChannel("c" + std::to_string(++number));
    channel.display_name = name;
    ASSERT_THAT(world.catalog.CreateChannel(channel, Key()), IsOk());
  }
  std::vector<std::string> names;
  std::optional<NameCursor> after;
  for (auto page = world.catalog.ListChannels(after, 2).value(); !page.empty();
       page = world.catalog.ListChannels(after, 2).value()) {
    for (const Channel& channel : page) names.push_back(channel.display_name);
    after = NameCursor{page.back().display_name, page.back().id.value()};
  }
  EXPECT_THAT(names, ElementsAre("adam", "dora", "\xC3\x89mile", "Eva", "zebra", "Zoe"));
}

}  // namespace
}  // namespace rostrum::content
