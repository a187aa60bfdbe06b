#include "services/content/post_service.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/rpc/proto_time.h"
#include "services/common/rpc/visitor_proto.h"
#include "tests/services/content/fake_reading.h"
#include "tests/services/content/worlds.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

const CounterFamily kViews{"views_total", "Views that were counted."};

namespace spb = rostrum::subscription::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kSecret[] = "only for members";
const AccountId kReader("00000000-0000-7000-8000-00000000000e");

class PostServiceTest : public GrpcFixture {
 protected:
  PostServiceTest() : GrpcFixture("content") {
    Serve({&service_});
    stub_ = v1::PostService::NewStub(channel());
  }

  Manuscript Store(const std::string& title, AccessLevel level = spb::ACCESS_LEVEL_METERED,
                   absl::Time time = kNoon) {
    Manuscript draft = setting_.Draft(title, title);
    draft.content.body_html = std::string("<p>") + kSecret + "</p>";
    draft.content.markdown = kSecret;
    draft.content.access_level = level;
    return StorePublished(world_, draft, time);
  }

  struct Answer {
    absl::StatusOr<v1::Post> post = absl::UnknownError("not asked");
    std::optional<std::string> etag, keep_visitor;
  };
  // As a visitor with a pass, or as an account.
  Answer Get(const v1::GetPostRequest& request, const AccountId& as = AccountId(),
             const std::set<std::string>& roles = {}) {
    grpc::ClientContext ctx;
    if (as.empty()) {
      AsAnonymous(ctx);
    } else {
      AsAccount(ctx, as, roles);
    }
    WithVisitor(ctx, NewVisitor());
    ctx.set_deadline(std::chrono::system_clock::now() + patience_);
    v1::Post post;
    const absl::Status status = FromGrpcStatus(stub_->GetPost(&ctx, request, &post));
    Answer answer;
    if (status.ok()) {
      answer.post = post;
    } else {
      answer.post = status;
    }
    answer.etag = Answered(ctx, kEtagKey);
    answer.keep_visitor = Answered(ctx, kKeepVisitorKey);
    return answer;
  }
  Answer Get(const PostId& id, const AccountId& as = AccountId()) {
    v1::GetPostRequest request;
    request.set_post_id(id.value());
    return Get(request, as);
  }
  absl::StatusOr<v1::Post> Get(const std::string& channel, const std::string& slug) {
    v1::GetPostRequest request;
    request.set_channel(channel);
    request.set_slug(slug);
    return Get(request).post;
  }
  absl::StatusOr<v1::ListPostsResponse> List(const v1::ListPostsRequest& request,
                                             const AccountId& as = AccountId()) {
    grpc::ClientContext ctx;
    if (as.empty()) {
      AsAnonymous(ctx);
    } else {
      AsAccount(ctx, as);
    }
    v1::ListPostsResponse response;
    const absl::Status status = FromGrpcStatus(stub_->ListPosts(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  absl::StatusOr<v1::CheckPostAccessResponse> Check(const v1::CheckPostAccessRequest& request,
                                                    const std::string& as = "comment") {
    grpc::ClientContext ctx;
    AsService(ctx, as);
    v1::CheckPostAccessResponse response;
    const absl::Status status = FromGrpcStatus(stub_->CheckPostAccess(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  v1::CheckPostAccessRequest CheckRequest(const PostId& id) {
    v1::CheckPostAccessRequest request;
    request.set_post_id(id.value());
    return request;
  }
  std::chrono::milliseconds patience_{10'000};
  double Views() { return metrics().Counter(kViews).Value(); }

  FakeWorld world_;
  Setting<FakeWorld> setting_{world_};
  FakeEntitlementStore entitlements_;
  FakeSubscriptionClient subscription_;
  ReaderAccess access_{entitlements_, subscription_, clock()};
  Redis redis_{{.url = "unix:/nowhere"}, metrics()};
  PgPool pool_{{.url = "postgresql:///none?host=/nowhere"}, metrics()};
  ViewCounter views_{redis_, pool_, clock(), metrics()};
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  PostService service_{world_.posts, world_.catalog, access_, views_, page_tokens_, runtime()};
  std::unique_ptr<v1::PostService::Stub> stub_;
};

// Its caller asks again, and that is counted.
TEST_F(PostServiceTest, CountsNoViewThatWasGivenUpMeanwhile) {
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  subscription_.too_late = true;
  patience_ = std::chrono::seconds(2);
  EXPECT_THAT(Get(Store("metered").id).post, StatusIs(absl::StatusCode::kDeadlineExceeded));
  Stop();
  EXPECT_EQ(subscription_.asked().size(), 1u);
  EXPECT_EQ(Views(), 0);
}

TEST_F(PostServiceTest, GivesTheTextToWhoMayHaveIt) {
  const Manuscript stored = Store("peace");
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  const Answer answer = Get(stored.id);
  ASSERT_THAT(answer.post, IsOk());
  EXPECT_THAT(answer.post->body_html(), HasSubstr(kSecret));
  EXPECT_EQ(answer.post->preview_html(), "");
  EXPECT_EQ(answer.post->summary().title(), "peace");
  EXPECT_EQ(answer.post->summary().author().account_id(), "");
  EXPECT_TRUE(answer.post->access().granted());
  EXPECT_TRUE(answer.etag.has_value());
  EXPECT_EQ(answer.keep_visitor, "1");
  EXPECT_EQ(Views(), 1);
}

TEST_F(PostServiceTest, AWithheldTextIsInNoByteOfTheAnswer) {
  const Manuscript stored = Store("peace");
  subscription_.Answer(false, spb::ACCESS_REASON_METER_ENDED, 5);
  const Answer answer = Get(stored.id);
  ASSERT_THAT(answer.post, IsOk());
  EXPECT_THAT(answer.post->SerializeAsString(), Not(HasSubstr(kSecret)));
  EXPECT_EQ(answer.post->body_html(), "");
  EXPECT_EQ(answer.post->preview_html(), "<p>The preview</p>\n");
  EXPECT_EQ(answer.post->access().reason(), spb::ACCESS_REASON_METER_ENDED);
  EXPECT_FALSE(answer.etag.has_value());  // who gets the wall must ask again
  EXPECT_EQ(Views(), 0);
}

TEST_F(PostServiceTest, ThePassIsKeptOnlyWhenSomethingWasCountedOrOffered) {
  const Manuscript open = Store("open", spb::ACCESS_LEVEL_PUBLIC);
  EXPECT_FALSE(Get(open.id).keep_visitor.has_value());
  EXPECT_THAT(subscription_.asked(), IsEmpty());
  const Manuscript premium = Store("premium", spb::ACCESS_LEVEL_PREMIUM);
  subscription_.Answer(false, spb::ACCESS_REASON_PREMIUM);
  EXPECT_FALSE(Get(premium.id).keep_visitor.has_value());
  spb::ReadingAccess offer;
  offer.mutable_offer()->set_state(spb::OFFER_STATE_OPEN);
  subscription_.Answer(offer);
  EXPECT_EQ(Get(premium.id).keep_visitor, "1");
}

TEST_F(PostServiceTest, TheEtagChangesWithWhatIsSeenOnly) {
  const Manuscript stored = Store("peace");
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  const std::optional<std::string> first = Get(stored.id).etag;
  EXPECT_EQ(Get(stored.id).etag, first);
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 2);
  const std::optional<std::string> second = Get(stored.id).etag;
  EXPECT_NE(second, first);
  ASSERT_THAT(world_.catalog.UpdateChannel(setting_.channel.id,
                                           [](Channel& channel) {
                                             channel.display_name = "The World";
                                             ++channel.version;
                                             return absl::OkStatus();
                                           }),
              IsOk());
  EXPECT_NE(Get(stored.id).etag, second);
}

TEST_F(PostServiceTest, IsFoundByChannelAndSlugAndByAFormerSlug) {
  const Manuscript stored = Store("peace", spb::ACCESS_LEVEL_PUBLIC);
  ASSERT_THAT(world_.manuscripts.Update(stored.id,
                                        [](Manuscript& m) {
                                          ManuscriptContent content = m.content;
                                          content.slug = "peace-at-last";
                                          return Edit(m, content, {}, "", kNoon);
                                        }),
              IsOk());
  for (const std::string& channel : {std::string("news"), setting_.channel.id.value()}) {
    for (const std::string slug : {"peace", "peace-at-last"}) {
      const auto post = Get(channel, slug);
      ASSERT_THAT(post, IsOk());
      EXPECT_EQ(post->summary().post_id(), stored.id.value());
      EXPECT_EQ(post->summary().slug(), "peace-at-last");
    }
  }
}

TEST_F(PostServiceTest, TheBasicViewIsTheSummaryAndCountsNothing) {
  const Manuscript stored = Store("peace", spb::ACCESS_LEVEL_PREMIUM);
  v1::GetPostRequest request;
  request.set_post_id(stored.id.value());
  request.set_view(v1::POST_VIEW_BASIC);
  const Answer answer = Get(request);
  ASSERT_THAT(answer.post, IsOk());
  EXPECT_EQ(answer.post->summary().title(), "peace");
  EXPECT_FALSE(answer.post->has_access());
  EXPECT_THAT(answer.post->SerializeAsString(), Not(HasSubstr(kSecret)));
  EXPECT_EQ(answer.keep_visitor, std::nullopt);
  EXPECT_EQ(Views(), 0);
  EXPECT_THAT(subscription_.asked(), IsEmpty());
  request.set_view(static_cast<v1::PostView>(9));
  EXPECT_THAT(Get(request).post.status(), HasViolation("view"));
}

TEST_F(PostServiceTest, WhatIsNotPublishedIsNotThere) {
  const Manuscript draft = setting_.Draft("draft", "draft");
  ASSERT_THAT(world_.manuscripts.Create(draft, Key()), IsOk());
  EXPECT_THAT(Get(draft.id).post.status(), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(Get(draft.id, kAnna).post.status(), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(Get(PostId(NewUuid(kNoon))).post.status(), HasReason("POST_NOT_FOUND"));
  for (const std::string slug : {"draft", "none", "No Slug", "../x", ""}) {
    EXPECT_THAT(Get("news", slug).status(), HasReason("POST_NOT_FOUND")) << slug;
  }
  EXPECT_THAT(Get("", "peace").status(), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(subscription_.asked(), IsEmpty());
}

TEST_F(PostServiceTest, SaysWhatIsWrongWithAReference) {
  EXPECT_THAT(Get(v1::GetPostRequest()).post.status(), HasViolation("post_id"));
  EXPECT_THAT(Get(PostId("x")).post.status(), HasViolation("post_id"));
  v1::GetPostRequest both;
  both.set_post_id(NewUuid(kNoon));
  both.set_slug("peace");
  EXPECT_THAT(Get(both).post.status(), HasViolation("post_id"));
}

TEST_F(PostServiceTest, APostThatChangesUnderTheDecisionIsNotGiven) {
  const Manuscript stored = Store("peace");
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  world_.posts.before_text = [&] {
    world_.manuscripts
        .Update(stored.id,
                [](Manuscript& m) {
                  ManuscriptContent content = m.content;
                  content.access_level = spb::ACCESS_LEVEL_PREMIUM;
                  return Edit(m, content, {}, "", kNoon);
                })
        .value();
  };
  const Answer answer = Get(stored.id);
  EXPECT_THAT(answer.post.status(), HasReason("POST_CHANGED"));
  EXPECT_THAT(answer.post.status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(answer.etag.has_value());
  EXPECT_EQ(Views(), 0);
}

TEST_F(PostServiceTest, AnOutageOfSubscriptionOpensMeteredPostsOnly) {
  subscription_.Answer(Unavailable("away"));
  const auto metered = Get(Store("metered").id);
  ASSERT_THAT(metered.post, IsOk());
  EXPECT_THAT(metered.post->body_html(), HasSubstr(kSecret));
  const auto premium = Get(Store("premium", spb::ACCESS_LEVEL_PREMIUM).id, kReader);
  EXPECT_THAT(premium.post.status(), HasReason("ACCESS_UNKNOWN"));
}

TEST_F(PostServiceTest, ListsWithoutTextsAndPagesWithoutGaps) {
  for (const int second : {0, 1, 1, 1, 2}) {
    Store("t" + std::to_string(second) + NewUuid(kNoon).substr(24), spb::ACCESS_LEVEL_PUBLIC,
          kNoon + absl::Seconds(second));
  }
  std::string titles;
  std::set<std::string> ids;
  v1::ListPostsRequest request;
  request.set_page_size(2);
  do {
    const auto page = List(request);
    ASSERT_THAT(page, IsOk());
    EXPECT_THAT(page->SerializeAsString(), Not(HasSubstr(kSecret)));
    for (const v1::PostSummary& post : page->posts()) {
      titles += post.title().substr(1, 1);
      ids.insert(post.post_id());
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(titles, "21110");
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_THAT(subscription_.asked(), IsEmpty());
}

TEST_F(PostServiceTest, APageTokenIsForItsListAndForAll) {
  for (int i = 0; i < 3; ++i) Store("t" + std::to_string(i));
  v1::ListPostsRequest request;
  request.set_page_size(1);
  request.set_page_token(List(request)->next_page_token());
  EXPECT_THAT(List(request), IsOk());
  EXPECT_EQ(List(request, kReader)->posts(0).post_id(), List(request)->posts(0).post_id());
  request.set_channel("news");
  EXPECT_THAT(List(request).status(), HasViolation("page_token"));
  request.set_page_token("garbage");
  EXPECT_THAT(List(request).status(), HasViolation("page_token"));
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_THAT(List(request).status(), HasViolation("page_size"));
}

TEST_F(PostServiceTest, FiltersByIdOrSlug) {
  Store("metered");
  Store("premium", spb::ACCESS_LEVEL_PREMIUM);
  v1::ListPostsRequest request;
  for (const std::string& channel : {std::string("news"), setting_.channel.id.value()}) {
    request.set_channel(channel);
    EXPECT_EQ(List(request)->posts_size(), 2);
  }
  request.set_author("bert");
  EXPECT_EQ(List(request)->posts_size(), 0);
  request.set_author("anna");
  request.set_access_level(spb::ACCESS_LEVEL_PREMIUM);
  ASSERT_EQ(List(request)->posts_size(), 1);
  EXPECT_EQ(List(request)->posts(0).title(), "premium");
  request.set_topic("law");
  EXPECT_EQ(List(request)->posts_size(), 0);
}

TEST_F(PostServiceTest, SaysWhichFilterThereIsNot) {
  v1::ListPostsRequest request;
  request.set_channel("none");
  EXPECT_THAT(List(request).status(), HasReason("CHANNEL_NOT_FOUND"));
  request.clear_channel();
  request.set_author("none");
  EXPECT_THAT(List(request).status(), HasReason("AUTHOR_NOT_FOUND"));
  request.clear_author();
  request.set_topic("none");
  EXPECT_THAT(List(request).status(), HasReason("TOPIC_NOT_FOUND"));
  request.clear_topic();
  request.set_access_level(static_cast<AccessLevel>(99));
  EXPECT_THAT(List(request).status(), HasViolation("access_level"));
}

TEST_F(PostServiceTest, ACheckPeeksAndCountsNothing) {
  const Manuscript stored = Store("peace");
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  v1::CheckPostAccessRequest request = CheckRequest(stored.id);
  *request.mutable_visitor() = ToProto(NewVisitor());
  const auto checked = Check(request);
  ASSERT_THAT(checked, IsOk());
  EXPECT_TRUE(checked->granted());
  EXPECT_EQ(checked->reason(), spb::ACCESS_REASON_METER);
  EXPECT_TRUE(subscription_.asked().at(0).peek());
  EXPECT_EQ(subscription_.asked().at(0).visitor().id(), request.visitor().id());
  EXPECT_EQ(Views(), 0);
  subscription_.Answer(false, spb::ACCESS_REASON_METER_ENDED, 5);
  EXPECT_FALSE(Check(request)->granted());
  EXPECT_EQ(Check(request)->reason(), spb::ACCESS_REASON_METER_ENDED);
  EXPECT_THAT(Check(request, "feed").status(), HasReason("SERVICE_ONLY"));
}

TEST_F(PostServiceTest, ACheckKnowsTheReadersAccountAndRoles) {
  const Manuscript stored = Store("premium", spb::ACCESS_LEVEL_PREMIUM);
  subscription_.Answer(false, spb::ACCESS_REASON_PREMIUM);
  v1::CheckPostAccessRequest request = CheckRequest(stored.id);
  request.set_account_id(kAnna.value());  // its author
  EXPECT_EQ(Check(request)->reason(), spb::ACCESS_REASON_STAFF);
  request.set_account_id(kReader.value());
  EXPECT_FALSE(Check(request)->granted());
  request.add_roles("editor");
  EXPECT_TRUE(Check(request)->granted());
}

// Who may read a public post is no reader's own: an answer about it may serve others.
TEST_F(PostServiceTest, OnlyAnAnswerAboutAPublicPostIsSharedAndNoLongerThanItsLease) {
  constexpr absl::Duration kLease = absl::Hours(1);
  CachedPostStore posts(world_.posts, 1 << 20, kLease, clock());
  GrpcTestServer server("content", &clock());
  PostService service(posts, world_.catalog, access_, views_, page_tokens_, server.runtime());
  server.Serve({&service});
  const auto stub = v1::PostService::NewStub(server.channel());
  const auto shared_for = [&](const Manuscript& post, const AccountId& account) {
    grpc::ClientContext ctx;
    server.AsService(ctx, "comment");
    v1::CheckPostAccessRequest request = CheckRequest(post.id);
    request.set_account_id(account.value());
    v1::CheckPostAccessResponse response;
    EXPECT_TRUE(stub->CheckPostAccess(&ctx, request, &response).ok());
    EXPECT_TRUE(response.granted());
    return response.has_shared_for() ? FromProtoDuration(response.shared_for())
                                     : absl::ZeroDuration();
  };
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  const Manuscript open = Store("open", spb::ACCESS_LEVEL_PUBLIC);
  const absl::Duration first = shared_for(open, kReader);
  EXPECT_GT(first, absl::ZeroDuration());
  EXPECT_LE(first, kLease);
  EXPECT_LT(shared_for(open, kReader), first) << "what is left of it";
  EXPECT_EQ(shared_for(Store("metered"), kReader), absl::ZeroDuration());
  const Manuscript premium = Store("premium", spb::ACCESS_LEVEL_PREMIUM);
  EXPECT_EQ(shared_for(premium, kReader), absl::ZeroDuration());
  EXPECT_EQ(shared_for(premium, kAnna), absl::ZeroDuration()) << "its author";
  server.Stop();
}

TEST_F(PostServiceTest, ACheckOfWhatCannotBeRead) {
  const Manuscript draft = setting_.Draft("draft", "draft");
  ASSERT_THAT(world_.manuscripts.Create(draft, Key()), IsOk());
  EXPECT_THAT(Check(CheckRequest(draft.id)).status(), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(Check(CheckRequest(PostId(NewUuid(kNoon)))).status(), HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(Check(CheckRequest(PostId("x"))).status(), HasViolation("post_id"));
  v1::CheckPostAccessRequest request = CheckRequest(draft.id);
  request.set_account_id("x");
  EXPECT_THAT(Check(request).status(), HasViolation("account_id"));
  request.clear_account_id();
  request.mutable_visitor()->set_id("no pass");
  EXPECT_THAT(Check(request).status(), HasViolation("visitor"));
  EXPECT_THAT(Check(CheckRequest(draft.id), "account").status(),
              StatusIs(absl::StatusCode::kPermissionDenied));
  const Manuscript premium = Store("premium", spb::ACCESS_LEVEL_PREMIUM);
  subscription_.Answer(Unavailable("away"));
  EXPECT_THAT(Check(CheckRequest(premium.id)).status(), HasReason("ACCESS_UNKNOWN"));
}

}  // namespace
}  // namespace rostrum::content
