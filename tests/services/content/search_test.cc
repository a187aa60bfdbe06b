#include "services/content/search_service.h"
#include "services/content/search_store.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/services/content/fake_reading.h"
#include "tests/services/content/worlds.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

namespace spb = rostrum::subscription::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// "in [brackets] what was searched for"
std::string Marked(const std::vector<Passage>& passages) {
  return absl::StrJoin(passages, "", [](std::string* out, const Passage& passage) {
    absl::StrAppend(out, passage.match ? "[" : "", passage.text, passage.match ? "]" : "");
  });
}

class SearchStoreTest : public ::testing::Test {
 protected:
  Manuscript Store(const std::string& title, const std::string& body,
                   AccessLevel level = spb::ACCESS_LEVEL_METERED, absl::Time time = kNoon) {
    Manuscript draft = setting_.Draft(title, absl::StrCat("post-", ++count_));
    draft.content.body_html = body;
    draft.content.preview_html = "<p>A preview of bridges</p>\n";
    draft.content.lede = "A lede about rivers";
    draft.content.access_level = level;
    return StorePublished(world_, draft, time);
  }
  std::vector<FoundPost> Find(const std::string& words, bool whole_texts = false) {
    return store_.Search({.words = words, .whole_texts = whole_texts, .after = {}}).value().posts;
  }
  std::vector<std::string> Titles(const std::string& words, bool whole_texts = false) {
    std::vector<std::string> titles;
    for (const FoundPost& found : Find(words, whole_texts)) titles.push_back(found.post.title);
    return titles;
  }

  PostgresWorld world_;
  Setting<PostgresWorld> setting_{world_};
  PostgresSearchStore store_{world_.database.pool};
  int count_ = 0;
};

TEST_F(SearchStoreTest, FindsWordsInTitleLedeAndPreviewWhateverTheirForm) {
  Store("Talking about ceasefires", "<p>text</p>");
  EXPECT_THAT(Titles("ceasefire talks"), ElementsAre("Talking about ceasefires"));
  EXPECT_THAT(Titles("river"), ElementsAre("Talking about ceasefires"));
  EXPECT_THAT(Titles("bridge"), ElementsAre("Talking about ceasefires"));
  EXPECT_THAT(Titles("mountain"), IsEmpty());
}

TEST_F(SearchStoreTest, IgnoresAccents) {
  Store("Soirée in Kraków", "<p>text</p>");
  EXPECT_THAT(Titles("soiree krakow"), ElementsAre("Soirée in Kraków"));
  EXPECT_THAT(Titles("SOIRÉE"), ElementsAre("Soirée in Kraków"));
}

TEST_F(SearchStoreTest, UnderstandsPhrasesExclusionsAndAlternatives) {
  Store("Peace without justice", "<p>text</p>");
  Store("Justice without peace", "<p>text</p>", spb::ACCESS_LEVEL_METERED, kNoon + absl::Hours(1));
  EXPECT_THAT(Titles("\"justice without\""), ElementsAre("Justice without peace"));
  EXPECT_THAT(Titles("peace -lede"), IsEmpty());
  EXPECT_THAT(Titles("-mountain"), IsEmpty()) << "it would be every post";
  EXPECT_THAT(Titles("justice OR mountain"),
              ElementsAre("Justice without peace", "Peace without justice"));
}

TEST_F(SearchStoreTest, OnlyWhoMayReadTextsSearchesThem) {
  Store("Metered", "<p>the hidden marker</p>", spb::ACCESS_LEVEL_METERED);
  Store("Premium", "<p>the hidden marker</p>", spb::ACCESS_LEVEL_PREMIUM, kNoon + absl::Hours(1));
  Store("Public", "<p>the hidden marker</p>", spb::ACCESS_LEVEL_PUBLIC, kNoon + absl::Hours(2));
  EXPECT_THAT(Titles("hidden marker"), ElementsAre("Public"));
  EXPECT_THAT(Titles("hidden marker", true), ElementsAre("Public", "Premium", "Metered"));
}

TEST_F(SearchStoreTest, ATextThatIsWithheldIsNotQuoted) {
  Store("Premium", "<p>rivers and the hidden marker</p>", spb::ACCESS_LEVEL_PREMIUM);
  const std::vector<FoundPost> found = Find("rivers");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(Marked(found[0].excerpt), HasSubstr("[rivers]"));
  EXPECT_THAT(Marked(found[0].excerpt), Not(HasSubstr("hidden")));
}

TEST_F(SearchStoreTest, ANewAccessLevelCountsAtOnce) {
  const Manuscript post = Store("Opened", "<p>the hidden marker</p>");
  ASSERT_THAT(Titles("hidden"), IsEmpty());
  ASSERT_THAT(world_.manuscripts.Update(post.id,
                                        [](Manuscript& stored) {
                                          stored.content.access_level = spb::ACCESS_LEVEL_PUBLIC;
                                          ++stored.version;
                                          return absl::OkStatus();
                                        }),
              StatusIs(absl::StatusCode::kOk));
  EXPECT_THAT(Titles("hidden"), ElementsAre("Opened"));
}

TEST_F(SearchStoreTest, DraftsAreNotFound) {
  ASSERT_TRUE(world_.manuscripts.Create(setting_.Draft("Drafted", "drafted"), Key()).ok());
  EXPECT_THAT(Titles("drafted", true), IsEmpty());
}

TEST_F(SearchStoreTest, QuotesTheTextAsItIsReadNotItsHtml) {
  Store(
      "Quoted",
      "<p>Tom &amp; Jerry say 1 &lt; 2 with <em>em</em>phasis.</p>\n<ul>\n<li>one</li><li>two</li>"
      "</ul>\n<p><a href=\"/secretlink\" rel=\"nofollow\">linked</a></p>\n",
      spb::ACCESS_LEVEL_PUBLIC);
  const std::vector<FoundPost> found = Find("emphasis jerry");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(Marked(found[0].title), "Quoted");
  EXPECT_THAT(Marked(found[0].excerpt),
              HasSubstr("Tom & [Jerry] say 1 < 2 with [emphasis]. one two linked"));
  EXPECT_THAT(Marked(found[0].excerpt), Not(HasSubstr("secretlink")));
  EXPECT_THAT(Titles("two"), ElementsAre("Quoted"));
  EXPECT_THAT(Titles("secretlink"), IsEmpty());
}

TEST_F(SearchStoreTest, ATextWithTheCharactersOfMarksMarksNothing) {
  Store("Marked",
        "<p>a \x02"
        "fox\x03 and the hen\x02</p>",
        spb::ACCESS_LEVEL_PUBLIC);
  const std::vector<FoundPost> found = Find("hen");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(Marked(found[0].excerpt), HasSubstr("a fox and the [hen]"));
}

TEST_F(SearchStoreTest, ALongTextIsNotCutInsideATagOrAnEntity) {
  for (const std::string part : {"<a href=\"/secretlink\">linked</a>", "&amp;"}) {
    for (size_t before = 1; before < part.size(); ++before) {
      const std::string start = "<p>hen ";
      const std::string filling(20'000 - start.size() - before, ' ');
      const Manuscript post =
          Store("Long", start + filling + part + "</p>", spb::ACCESS_LEVEL_PUBLIC);
      const std::vector<FoundPost> found = Find("hen");
      ASSERT_EQ(found.size(), 1u);
      const std::string excerpt = Marked(found[0].excerpt);
      EXPECT_THAT(excerpt, HasSubstr("[hen]"));
      EXPECT_EQ(excerpt.find_first_of("<&\""), std::string::npos) << before << excerpt;
      world_.Execute("DELETE FROM posts");
    }
  }
}

TEST_F(SearchStoreTest, PagesByTimeNeverByRank) {
  Store("Peace peace peace", "<p>peace</p>", spb::ACCESS_LEVEL_PUBLIC, kNoon);
  Store("Peace once", "<p>text</p>", spb::ACCESS_LEVEL_PUBLIC, kNoon + absl::Hours(1));
  const std::vector<FoundPost> all = Find("peace");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].post.title, "Peace once");
  const auto rest = store_.Search(
      {.words = "peace", .after = PostCursor{all[0].post.publish_time, all[0].post.id}});
  ASSERT_TRUE(rest.ok());
  ASSERT_EQ(rest->posts.size(), 1u);
  EXPECT_FALSE(rest->more);
  EXPECT_EQ(rest->posts.front().post.title, "Peace peace peace");
}

TEST_F(SearchStoreTest, TakesWhateverIsTyped) {
  Store("Something", "<p>text</p>");
  for (const char* words :
       {"the", "&|!", "\"", "- - -", "a:*", "'); DROP TABLE posts", "\\", "<->"}) {
    EXPECT_TRUE(store_.Search({.words = words, .after = {}}).ok()) << words;
  }
}

class FakeSearchStore final : public SearchStore {
 public:
  absl::StatusOr<FoundPosts> Search(const SearchQuery& query) override {
    asked.push_back(query);
    FoundPosts some{.posts = found, .more = found.size() > static_cast<size_t>(query.limit)};
    if (some.more) some.posts.resize(query.limit);
    return some;
  }
  std::vector<FoundPost> found;
  std::vector<SearchQuery> asked;
};

class SearchServiceTest : public GrpcFixture {
 protected:
  SearchServiceTest() : GrpcFixture("content") {
    Serve({&service_});
    stub_ = v1::SearchService::NewStub(channel());
  }
  absl::StatusOr<v1::SearchPostsResponse> Search(const v1::SearchPostsRequest& request,
                                                 const AccountId& as = AccountId(),
                                                 const std::set<std::string>& roles = {}) {
    grpc::ClientContext ctx;
    if (as.empty()) {
      AsAnonymous(ctx);
    } else {
      AsAccount(ctx, as, roles);
    }
    v1::SearchPostsResponse response;
    const absl::Status status = FromGrpcStatus(stub_->SearchPosts(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  static v1::SearchPostsRequest Request(const std::string& query) {
    v1::SearchPostsRequest request;
    request.set_query(query);
    return request;
  }

  FakeSearchStore store_;
  FakeEntitlementStore entitlements_;
  FakeSubscriptionClient subscription_;
  ReaderAccess access_{entitlements_, subscription_, clock()};
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  SearchService service_{store_, access_, page_tokens_, runtime()};
  std::unique_ptr<v1::SearchService::Stub> stub_;
};

TEST_F(SearchServiceTest, MembersAndEditorsSearchWholeTexts) {
  entitlements_.Set(kAnna, {spb::ACCESS_REASON_TRIAL, clock().Now() + absl::Hours(1)});
  ASSERT_TRUE(Search(Request("word")).ok());
  ASSERT_TRUE(Search(Request("word"), kBert).ok());
  ASSERT_TRUE(Search(Request("word"), kAnna).ok());
  ASSERT_TRUE(Search(Request("word"), kBert, {"editor"}).ok());
  ASSERT_TRUE(Search(Request("word"), kBert, {"author"}).ok());
  std::vector<bool> whole;
  for (const SearchQuery& query : store_.asked) whole.push_back(query.whole_texts);
  EXPECT_THAT(whole, ElementsAre(false, false, true, true, false));
}

TEST_F(SearchServiceTest, AMemberWhoIsNotKnownHereIsAskedFor) {
  subscription_.AddMember(kAnna);
  ASSERT_TRUE(Search(Request("word"), kAnna).ok());
  EXPECT_TRUE(store_.asked.back().whole_texts);
  subscription_.Answer(absl::UnavailableError("away"));
  ASSERT_TRUE(Search(Request("word"), kAnna).ok());
  EXPECT_FALSE(store_.asked.back().whole_texts) << "nobody can say";
}

TEST_F(SearchServiceTest, RefusesWhatIsNoQuery) {
  EXPECT_THAT(Search(Request("")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Search(Request(std::string(201, 'a'))), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Search(Request("a\nb")), StatusIs(absl::StatusCode::kInvalidArgument));
  v1::SearchPostsRequest forged = Request("word");
  forged.set_page_token("forged");
  EXPECT_THAT(Search(forged), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SearchServiceTest, PagesAndATokenBelongsToItsQueryAndToAll) {
  for (int i = 0; i < 3; ++i) {
    FoundPost found;
    found.post.id = PostId(NewUuid(kNoon));
    found.post.publish_time = kNoon - absl::Hours(i);
    found.title = {{"a ", false}, {"word", true}};
    store_.found.push_back(found);
  }
  v1::SearchPostsRequest request = Request("word");
  request.set_page_size(2);
  const auto page = Search(request);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->posts_size(), 2);
  EXPECT_TRUE(page->posts(0).title(1).match());
  request.set_page_token(page->next_page_token());
  ASSERT_TRUE(Search(request).ok());
  ASSERT_TRUE(store_.asked.back().after.has_value());
  EXPECT_EQ(store_.asked.back().after->id, store_.found[1].post.id);
  // Each with what they may search.
  ASSERT_TRUE(Search(request, kBert, {"editor"}).ok());
  EXPECT_EQ(store_.asked.back().after->id, store_.found[1].post.id);
  EXPECT_TRUE(store_.asked.back().whole_texts);
  request.set_page_token(Search(request, kBert, {"editor"})->next_page_token());
  ASSERT_TRUE(Search(request).ok());
  EXPECT_FALSE(store_.asked.back().whole_texts);
  request.set_query("other");
  EXPECT_THAT(Search(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace rostrum::content
