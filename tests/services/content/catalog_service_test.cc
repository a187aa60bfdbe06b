#include "services/content/catalog_service.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "services/common/rpc/etag.h"
#include "services/common/rpc/proto_time.h"
#include "services/content/content_proto.h"
#include "tests/services/content/catalog_fixture.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
const std::string kUuid = "00000000-0000-7000-8000-0000000000ff";

using CatalogServiceTest = CatalogFixture;

TEST_F(CatalogServiceTest, MakesAChannelAndShowsItByIdAndSlug) {
  v1::CreateChannelRequest request = NewChannel("news", "News");
  v1::Channel expected = request.channel();
  expected.set_description("What is new,\nevery day.");
  *request.mutable_channel() = expected;
  request.mutable_channel()->set_channel_id(kUuid);  // output only, like these
  request.mutable_channel()->set_etag("\"7\"");
  *request.mutable_channel()->mutable_create_time() = ToProtoTime(absl::UnixEpoch());
  const auto made = Create(request);
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(IsUuid(made->channel_id()));
  EXPECT_NE(made->channel_id(), kUuid);
  expected.set_channel_id(made->channel_id());
  *expected.mutable_create_time() = ToProtoTime(clock().Now());
  expected.set_etag("\"1\"");
  EXPECT_THAT(*made, EqualsProto(expected));
  EXPECT_THAT(GetChannel(made->channel_id()), IsOkAndHolds(EqualsProto(expected)));
  EXPECT_THAT(GetChannel("news"), IsOkAndHolds(EqualsProto(expected)));
  EXPECT_THAT(GetChannel("none").status(), HasReason("CHANNEL_NOT_FOUND"));
}

TEST_F(CatalogServiceTest, MakesATopicAndShowsItByIdAndSlug) {
  v1::CreateTopicRequest request = NewTopic("law", "Law");
  v1::Topic expected = request.topic();
  request.mutable_topic()->set_topic_id(kUuid);
  const auto made = Create(request);
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(IsUuid(made->topic_id()));
  EXPECT_NE(made->topic_id(), kUuid);
  expected.set_topic_id(made->topic_id());
  EXPECT_THAT(*made, EqualsProto(expected));
  EXPECT_THAT(GetTopic(made->topic_id()), IsOkAndHolds(EqualsProto(expected)));
  EXPECT_THAT(GetTopic("law"), IsOkAndHolds(EqualsProto(expected)));
  EXPECT_THAT(GetTopic("none").status(), HasReason("TOPIC_NOT_FOUND"));
}

TEST_F(CatalogServiceTest, MakesAnAuthorAndShowsItByIdAndSlug) {
  store_.pictures.insert(MediaId(kUuid));
  v1::CreateAuthorRequest request = NewAuthor("anna", "Anna", kAnna);
  request.mutable_author()->set_bio("Writes.\nReads.");
  request.mutable_author()->set_avatar_media_id(kUuid);
  v1::Author expected = request.author();
  request.mutable_author()->set_author_id(kUuid);
  request.mutable_author()->set_etag("\"7\"");
  const auto made = Create(request);
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(IsUuid(made->author_id()));
  EXPECT_NE(made->author_id(), kUuid);
  expected.set_author_id(made->author_id());
  expected.set_etag("\"1\"");
  EXPECT_THAT(*made, EqualsProto(expected));
  EXPECT_THAT(GetAuthor("anna", kBert, {"editor"}), IsOkAndHolds(EqualsProto(expected)));
  expected.clear_account_id();  // for others
  EXPECT_THAT(GetAuthor(made->author_id()), IsOkAndHolds(EqualsProto(expected)));
  EXPECT_THAT(GetAuthor("none").status(), HasReason("AUTHOR_NOT_FOUND"));
}

TEST_F(CatalogServiceTest, ASlugIsWhatAUrlCanHold) {
  const std::string longest(60, 'a');
  for (const std::string& bad : {std::string(), std::string("No slug"), std::string("-a"),
                                 std::string("a-"), std::string("a--b"), std::string("caf\xC3\xA9"),
                                 std::string("a/b"), longest + "a", kUuid}) {
    EXPECT_THAT(Create(NewChannel(bad, "A")).status(), HasViolation("channel.slug")) << bad;
    EXPECT_THAT(Create(NewTopic(bad, "A")).status(), HasViolation("topic.slug")) << bad;
    EXPECT_THAT(Create(NewAuthor(bad, "A")).status(), HasViolation("author.slug")) << bad;
  }
  v1::Channel channel = Create(NewChannel(longest, "A")).value();
  v1::Author author = Create(NewAuthor(longest, "A")).value();
  EXPECT_THAT(Create(NewTopic("a-1", "A")), IsOk());
  channel.set_slug("a--b");
  EXPECT_THAT(Update(channel).status(), HasViolation("channel.slug"));
  author.set_slug("a--b");
  EXPECT_THAT(Update(author).status(), HasViolation("author.slug"));
}

TEST_F(CatalogServiceTest, OneAnswerNamesEveryFieldAtFault) {
  v1::CreateChannelRequest channel = NewChannel("", "two\nlines");
  channel.mutable_channel()->set_description(std::string(501, 'a'));
  EXPECT_THAT(Create(channel).status(),
              AllOf(HasViolation("channel.slug"), HasViolation("channel.display_name"),
                    HasViolation("channel.description")));
  EXPECT_THAT(Create(NewTopic("", std::string(61, 'a'))).status(),
              AllOf(HasViolation("topic.slug"), HasViolation("topic.display_name")));
  v1::CreateAuthorRequest author = NewAuthor("", "", AccountId("x"));
  author.mutable_author()->set_bio(std::string(501, 'a'));
  author.mutable_author()->set_avatar_media_id("x");
  EXPECT_THAT(Create(author).status(),
              AllOf(HasViolation("author.slug"), HasViolation("author.display_name"),
                    HasViolation("author.bio"), HasViolation("author.account_id"),
                    HasViolation("author.avatar_media_id")));
  EXPECT_THAT(GetTopic("").status(), HasReason("TOPIC_NOT_FOUND"));
  // What is as long as it may be.
  channel = NewChannel("a", std::string(60, 'a'));
  channel.mutable_channel()->set_description(std::string(500, 'a'));
  EXPECT_THAT(Create(channel), IsOk());
}

TEST_F(CatalogServiceTest, ASlugBelongsToWhatHadItFirst) {
  const v1::Channel news = Create(NewChannel("news", "News")).value();
  v1::Channel other = Create(NewChannel("other", "Other")).value();
  const v1::Author anna = Create(NewAuthor("anna", "Anna")).value();
  v1::Author bert = Create(NewAuthor("bert", "Bert")).value();
  ASSERT_THAT(Create(NewTopic("news", "News")), IsOk()) << "each kind has its own";
  v1::Channel renamed = news;
  renamed.set_slug("world");
  ASSERT_THAT(Update(renamed), IsOk());
  EXPECT_EQ(GetChannel("news")->slug(), "world") << "links stay";
  other.set_slug("news");
  bert.set_slug("anna");
  const absl::Status refused[] = {Create(NewChannel("world", "A")).status(),
                                  Create(NewChannel("news", "A")).status(),
                                  Create(NewTopic("news", "A")).status(),
                                  Create(NewAuthor("anna", "A")).status(),
                                  Update(other).status(),
                                  Update(bert).status()};
  EXPECT_THAT(refused,
              Each(AllOf(HasReason("SLUG_TAKEN"), StatusIs(absl::StatusCode::kAlreadyExists))));
  EXPECT_EQ(GetChannel(other.channel_id())->slug(), "other");
}

TEST_F(CatalogServiceTest, AnAuthorHasOneAccountAndAPictureThatThereIs) {
  ASSERT_THAT(Create(NewAuthor("anna", "Anna", kAnna)), IsOk());
  EXPECT_THAT(Create(NewAuthor("anna-2", "Anna", kAnna)).status(), HasReason("ACCOUNT_HAS_AUTHOR"));
  v1::CreateAuthorRequest pictured = NewAuthor("bert", "Bert", kBert);
  pictured.mutable_author()->set_avatar_media_id(kUuid);
  EXPECT_THAT(Create(pictured).status(), HasViolation("author.avatar_media_id"));
}

TEST_F(CatalogServiceTest, OnlyEditorsAndAdminsRunTheCatalog) {
  int number = 0;
  const auto call_all = [&](const AccountId& as, const Roles& roles) {
    const std::string slug = "s" + std::to_string(++number);
    v1::UpdateChannelRequest update;
    update.mutable_channel()->set_channel_id(store_.FindChannel("news")->id.value());
    update.mutable_channel()->set_display_name("News " + slug);
    return std::vector<absl::Status>{
        Call(&Stub::CreateChannel, NewChannel(slug, "A"), as, roles).status(),
        Call(&Stub::CreateTopic, NewTopic(slug, "A"), as, roles).status(),
        Call(&Stub::CreateAuthor, NewAuthor(slug, "A"), as, roles).status(),
        Call(&Stub::UpdateChannel, update, as, roles).status()};
  };
  const v1::Channel news = Create(NewChannel("news", "News")).value();
  EXPECT_THAT(call_all(kNobody, {}), Each(HasReason("LOGIN_REQUIRED")));
  for (const Roles& roles : {Roles{}, Roles{"author"}, Roles{"moderator"}}) {
    EXPECT_THAT(call_all(kAnna, roles), Each(HasReason("ROLE_REQUIRED")));
  }
  EXPECT_THAT(GetChannel("news"), IsOkAndHolds(EqualsProto(news)));
  EXPECT_THAT(call_all(kAnna, {"editor"}), Each(IsOk()));
  EXPECT_THAT(call_all(kAnna, {"admin"}), Each(IsOk()));
}

TEST_F(CatalogServiceTest, AuthorsChangeTheirOwnBylineOnly) {
  v1::Author anna = Create(NewAuthor("anna", "Anna", kAnna)).value();
  const v1::Author desk = Create(NewAuthor("desk", "Desk")).value();
  anna.set_bio("Writes.");
  EXPECT_THAT(Update(anna, {"bio"}, kNobody).status(), HasReason("LOGIN_REQUIRED"));
  EXPECT_THAT(Update(anna, {"bio"}, kAnna, {}).status(), HasReason("ROLE_REQUIRED"));
  const auto changed = Update(anna, {"bio"}, kAnna, {"author"});
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->bio(), "Writes.");
  EXPECT_EQ(changed->account_id(), kAnna.value());
  for (v1::Author wanted : {*changed, desk}) {
    wanted.set_bio("Not mine.");
    wanted.clear_etag();
    EXPECT_THAT(Update(wanted, {"bio"}, kBert, {"author"}).status(),
                AllOf(HasReason("AUTHOR_NOT_FOUND"), StatusIs(absl::StatusCode::kNotFound)));
  }
  EXPECT_EQ(GetAuthor("anna")->bio(), "Writes.");
  EXPECT_THAT(Update(*changed, {}, kBert, {"admin"}), IsOk());
}

TEST_F(CatalogServiceTest, WhoseAccountAnAuthorIsStaysBetweenThemInListsToo) {
  ASSERT_THAT(Create(NewAuthor("anna", "Anna", kAnna)), IsOk());
  ASSERT_THAT(Create(NewAuthor("bert", "Bert", kBert)), IsOk());
  ASSERT_THAT(Create(NewAuthor("desk", "Desk")), IsOk());
  const auto seen_by = [&](const AccountId& as, const Roles& roles) {
    const auto page = Call(&Stub::ListAuthors, v1::ListAuthorsRequest(), as, roles).value();
    std::vector<std::string> accounts;
    for (const v1::Author& author : page.authors()) accounts.push_back(author.account_id());
    return accounts;
  };
  EXPECT_THAT(seen_by(kNobody, {}), ElementsAre("", "", ""));
  EXPECT_THAT(seen_by(kAnna, {"author"}), ElementsAre(kAnna.value(), "", ""));
  EXPECT_THAT(seen_by(kAnna, {"editor"}), ElementsAre(kAnna.value(), kBert.value(), ""));
}

TEST_F(CatalogServiceTest, ChangesWhatTheMaskNames) {
  v1::CreateChannelRequest request = NewChannel("news", "News");
  request.mutable_channel()->set_description("Every day.");
  v1::Channel expected = Create(request).value();
  v1::Channel wanted;
  wanted.set_channel_id(expected.channel_id());
  wanted.set_display_name("World");
  expected.set_display_name("World");  // what has a value
  expected.set_etag("\"2\"");
  EXPECT_THAT(Update(wanted), IsOkAndHolds(EqualsProto(expected)));
  wanted.set_display_name("Not named");
  expected.clear_description();
  expected.set_etag("\"3\"");
  EXPECT_THAT(Update(wanted, {"description"}), IsOkAndHolds(EqualsProto(expected)));
  EXPECT_THAT(Update(wanted, {"*"}).status(), HasViolation("channel.slug"));
  wanted.set_slug("world");
  expected.set_slug("world");
  expected.set_etag("\"4\"");
  EXPECT_THAT(Update(wanted, {"slug"}), IsOkAndHolds(EqualsProto(expected)));
  for (const std::string path : {"channel_id", "create_time", "etag", "none"}) {
    EXPECT_THAT(Update(wanted, {path}).status(), HasViolation("update_mask"));
  }
  EXPECT_THAT(GetChannel("world"), IsOkAndHolds(EqualsProto(expected)));
}

TEST_F(CatalogServiceTest, ChangesOfAnAuthorWhatTheMaskNames) {
  store_.pictures.insert(MediaId(kUuid));
  v1::Author expected = Create(NewAuthor("anna", "Anna", kAnna)).value();
  v1::Author wanted = expected;
  wanted.set_slug("a");
  wanted.set_display_name("Anna A.");
  wanted.set_bio("Writes.");
  wanted.set_avatar_media_id(kUuid);
  expected = wanted;
  wanted.clear_etag();
  int version = 1;
  for (const std::string path : {"bio", "slug", "display_name", "avatar_media_id"}) {
    EXPECT_EQ(Update(wanted, {path})->etag(), EtagOf(++version));
  }
  wanted.clear_avatar_media_id();
  wanted.set_account_id(kBert.value());  // cannot be changed
  expected.clear_avatar_media_id();
  expected.set_etag("\"6\"");
  EXPECT_THAT(Update(wanted, {"*"}), IsOkAndHolds(EqualsProto(expected)));
  for (const std::string path : {"author_id", "account_id", "etag", "none"}) {
    EXPECT_THAT(Update(wanted, {path}).status(), HasViolation("update_mask"));
  }
  wanted.set_avatar_media_id("x");
  EXPECT_THAT(Update(wanted).status(), HasViolation("author.avatar_media_id"));
  EXPECT_THAT(GetAuthor("a", kAnna), IsOkAndHolds(EqualsProto(expected)));
}

TEST_F(CatalogServiceTest, OnlyWhatThereIsCanBeChanged) {
  v1::Channel channel;
  v1::Author author;
  EXPECT_THAT(Update(channel).status(), HasViolation("channel.channel_id"));
  EXPECT_THAT(Update(author).status(), HasViolation("author.author_id"));
  channel.set_channel_id("news");  // not the slug
  author.set_author_id("anna");
  EXPECT_THAT(Update(channel).status(), HasViolation("channel.channel_id"));
  EXPECT_THAT(Update(author).status(), HasViolation("author.author_id"));
  channel.set_channel_id(kUuid);
  author.set_author_id(kUuid);
  EXPECT_THAT(Update(channel).status(), HasReason("CHANNEL_NOT_FOUND"));
  EXPECT_THAT(Update(author).status(), HasReason("AUTHOR_NOT_FOUND"));
}

TEST_F(CatalogServiceTest, AnUpdateNeedsTheCurrentEtagIfAny) {
  const auto change = [&](auto entry) {
    const std::string first = entry.etag();
    for (const std::string& good : {first, std::string("\"2\""), std::string("*"), std::string()}) {
      entry.set_display_name("Changed with " + good);
      entry.set_etag(good);
      EXPECT_THAT(Update(entry), IsOk());
    }
    entry.set_display_name("Late");
    for (const std::string& bad : {first, std::string("\"6\""), std::string("5")}) {
      entry.set_etag(bad);
      EXPECT_THAT(Update(entry).status(),
                  AllOf(HasReason("ETAG_MISMATCH"), StatusIs(absl::StatusCode::kAborted)));
    }
  };
  change(Create(NewChannel("news", "News")).value());
  change(Create(NewAuthor("anna", "Anna")).value());
  EXPECT_EQ(GetChannel("news")->etag(), "\"5\"");
  EXPECT_EQ(GetChannel("news")->display_name(), "Changed with ");
  EXPECT_EQ(GetAuthor("anna")->display_name(), "Changed with ");
}

// Otherwise all posts of the channel or author would be announced again.
TEST_F(CatalogServiceTest, AnUpdateThatChangesNothingMakesNoVersion) {
  const v1::Channel news = Create(NewChannel("news", "News")).value();
  const v1::Author anna = Create(NewAuthor("anna", "Anna", kAnna)).value();
  for (const std::vector<std::string>& mask : {std::vector<std::string>{}, {"*"}, {"slug"}}) {
    EXPECT_THAT(Update(news, mask), IsOkAndHolds(EqualsProto(news)));
    EXPECT_THAT(Update(anna, mask), IsOkAndHolds(EqualsProto(anna)));
  }
}

const auto& EntriesOf(const v1::ListChannelsResponse& page) { return page.channels(); }
const auto& EntriesOf(const v1::ListTopicsResponse& page) { return page.topics(); }
const auto& EntriesOf(const v1::ListAuthorsResponse& page) { return page.authors(); }

TEST_F(CatalogServiceTest, ListsByNameInPages) {
  for (const std::string name : {"c", "b", "a", "b"}) {
    const std::string slug = NewUuid(clock().Now()).substr(24) + "-x";
    ASSERT_THAT(Create(NewChannel(slug, name)), IsOk());
    ASSERT_THAT(Create(NewTopic(slug, name)), IsOk());
    ASSERT_THAT(Create(NewAuthor(slug, name)), IsOk());
  }
  // The names, and where a page ends.
  const auto walk = [&](auto list, auto request, int page_size) {
    std::string names;
    request.set_page_size(page_size);
    do {
      const auto page = Call(list, request, kNobody).value();
      for (const auto& entry : EntriesOf(page)) names += entry.display_name();
      request.set_page_token(page.next_page_token());
      names += "|";
    } while (!request.page_token().empty() && names.size() < 20);
    return names;
  };
  EXPECT_EQ(walk(&Stub::ListChannels, v1::ListChannelsRequest(), 2), "ab|bc|");
  EXPECT_EQ(walk(&Stub::ListTopics, v1::ListTopicsRequest(), 2), "ab|bc|");
  EXPECT_EQ(walk(&Stub::ListAuthors, v1::ListAuthorsRequest(), 3), "abb|c|");
}

TEST_F(CatalogServiceTest, APageHasAHundredEntriesAtMost) {
  for (int i = 0; i < 101; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_THAT(store_.CreateTopic(
                    {.id = TopicId(NewUuid(clock().Now())), .slug = name, .display_name = name},
                    IdempotencyKey()),
                IsOk());
  }
  v1::ListTopicsRequest request;
  std::vector<int> sizes;
  for (const int size : {0, 1, 100, 1'000'000}) {
    request.set_page_size(size);
    sizes.push_back(Call(&Stub::ListTopics, request)->topics_size());
  }
  EXPECT_THAT(sizes, ElementsAre(20, 1, 100, 100));
  request.set_page_size(-1);
  EXPECT_THAT(Call(&Stub::ListTopics, request).status(), HasViolation("page_size"));
}

TEST_F(CatalogServiceTest, APageTokenIsForItsListAndForAll) {
  for (const std::string slug : {"a", "b"}) ASSERT_THAT(Create(NewChannel(slug, slug)), IsOk());
  v1::ListChannelsRequest request;
  request.set_page_size(1);
  request.set_page_token(Call(&Stub::ListChannels, request, kAnna)->next_page_token());
  for (const AccountId& as : {kAnna, kBert, kNobody}) {
    EXPECT_EQ(Call(&Stub::ListChannels, request, as)->channels(0).slug(), "b");
  }
  v1::ListTopicsRequest topics;
  topics.set_page_token(request.page_token());
  EXPECT_THAT(Call(&Stub::ListTopics, topics, kAnna).status(), HasViolation("page_token"));
  request.set_page_token("garbage");
  EXPECT_THAT(Call(&Stub::ListChannels, request, kAnna).status(), HasViolation("page_token"));
}

TEST_F(CatalogServiceTest, ARepeatedRequestMakesOneEntry) {
  const auto check = [&](auto request, auto other) {
    request.set_request_id("k");  // each method has its own
    other.set_request_id("k");
    const auto made = Create(request);
    ASSERT_THAT(made, IsOk());
    EXPECT_THAT(Create(request), IsOkAndHolds(EqualsProto(*made)));
    EXPECT_THAT(Create(other).status(), HasReason("REQUEST_ID_REUSED"));
    other.set_request_id(std::string(129, 'k'));
    EXPECT_THAT(Create(other).status(), HasViolation("request_id"));
    request.clear_request_id();
    EXPECT_THAT(Create(request).status(), HasReason("SLUG_TAKEN"));
  };
  check(NewChannel("a", "A"), NewChannel("b", "B"));
  check(NewTopic("a", "A"), NewTopic("b", "B"));
  check(NewAuthor("a", "A"), NewAuthor("b", "B"));
  v1::CreateChannelRequest others = NewChannel("c", "C");
  others.set_request_id("k");  // so has each caller
  EXPECT_THAT(Call(&Stub::CreateChannel, others, kAnna), IsOk());
}

}  // namespace
}  // namespace rostrum::content
