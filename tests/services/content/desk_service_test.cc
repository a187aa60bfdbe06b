#include "services/content/desk_service.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/rpc/proto_time.h"
#include "services/content/catalog_service.h"
#include "tests/services/content/worlds.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Roles = std::set<std::string>;

const AccountId kCarl("00000000-0000-7000-8000-00000000000c");

class DeskServiceTest : public GrpcFixture {
 protected:
  DeskServiceTest() : GrpcFixture("content") {
    Serve({&desk_, &catalog_});
    desk_stub_ = v1::DeskService::NewStub(channel());
    catalog_stub_ = v1::CatalogService::NewStub(channel());
  }

  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, const AccountId& as, const Roles& roles) {
    grpc::ClientContext ctx;
    AsAccount(ctx, as, roles);
    Response response;
    const absl::Status status = FromGrpcStatus((stub.*method)(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  template <class Request, class Response>
  absl::StatusOr<Response> Desk(grpc::Status (v1::DeskService::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              Response*),
                                const Request& request, const AccountId& as = kAnna,
                                const Roles& roles = {"author"}) {
    return Call(*desk_stub_, method, request, as, roles);
  }

  v1::CreateManuscriptRequest NewDraft(const std::string& title = "A title") {
    v1::CreateManuscriptRequest request;
    v1::Manuscript& manuscript = *request.mutable_manuscript();
    manuscript.set_title(title);
    manuscript.set_markdown("The beginning.\n\n<!--more-->\n\nThe *rest*.");
    manuscript.set_channel_id(setting_.channel.id.value());
    return request;
  }
  v1::Manuscript Create(const std::string& title = "A title") {
    return Desk(&v1::DeskService::Stub::CreateManuscript, NewDraft(title)).value();
  }
  absl::StatusOr<v1::Manuscript> Publish(const std::string& post_id, const AccountId& as = kAnna,
                                         const Roles& roles = {"author"}) {
    v1::PublishManuscriptRequest request;
    request.set_post_id(post_id);
    return Desk(&v1::DeskService::Stub::PublishManuscript, request, as, roles);
  }

  FakeWorld world_;
  Setting<FakeWorld> setting_{world_};
  static constexpr absl::Duration kLease = absl::Milliseconds(200);
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  DeskService desk_{world_.manuscripts, world_.catalog, page_tokens_, clock(), runtime(), kLease};
  CatalogService catalog_{world_.catalog, page_tokens_, clock(), runtime(), kLease};
  // A replica that serves readers.
  CachedPostStore replica_{world_.posts, 1 << 20, kLease, clock()};
  std::unique_ptr<v1::DeskService::Stub> desk_stub_;
  std::unique_ptr<v1::CatalogService::Stub> catalog_stub_;
};

TEST_F(DeskServiceTest, AnAuthorWritesAsThemselves) {
  const v1::Manuscript draft = Create();
  EXPECT_EQ(draft.author_id(), setting_.anna.id.value());
  EXPECT_EQ(draft.slug(), "a-title");
  EXPECT_EQ(draft.state(), v1::MANUSCRIPT_STATE_DRAFT);
  EXPECT_EQ(draft.access_level(), subscription::v1::ACCESS_LEVEL_METERED);
  auto request = NewDraft();
  request.mutable_manuscript()->set_author_id(setting_.bert.id.value());
  EXPECT_THAT(Desk(&v1::DeskService::Stub::CreateManuscript, request).status(),
              HasViolation("manuscript.author_id"));
  EXPECT_THAT(Desk(&v1::DeskService::Stub::CreateManuscript, request, kCarl, {"editor"}), IsOk());
}

TEST_F(DeskServiceTest, WritingNeedsTheRoleAndAnAuthor) {
  EXPECT_THAT(Desk(&v1::DeskService::Stub::CreateManuscript, NewDraft(), kAnna, {}).status(),
              HasReason("ROLE_REQUIRED"));
  EXPECT_THAT(
      Desk(&v1::DeskService::Stub::CreateManuscript, NewDraft(), kCarl, {"author"}).status(),
      HasReason("NO_AUTHOR"));
}

TEST_F(DeskServiceTest, WhatWasAnsweredIsWhatEveryReplicaShows) {
  const v1::Manuscript post = Publish(Create("Before").post_id()).value();
  const PostRef ref{.id = PostId(post.post_id())};
  EXPECT_EQ(replica_.Find(ref)->title, "Before");

  v1::UpdateManuscriptRequest update;
  update.mutable_manuscript()->set_post_id(post.post_id());
  update.mutable_manuscript()->set_title("After");
  update.mutable_update_mask()->add_paths("title");
  ASSERT_THAT(Desk(&v1::DeskService::Stub::UpdateManuscript, update), IsOk());
  EXPECT_EQ(replica_.Find(ref)->title, "After");
  // Whose repeat it is may wait still.
  const absl::Time begin = absl::Now();
  ASSERT_THAT(Desk(&v1::DeskService::Stub::UpdateManuscript, update), IsOk());
  EXPECT_GE(absl::Now() - begin, kLease);

  v1::UpdateAuthorRequest rename;
  rename.mutable_author()->set_author_id(post.author_id());
  rename.mutable_author()->set_display_name("Another name");
  rename.mutable_update_mask()->add_paths("display_name");
  ASSERT_THAT(
      Call(*catalog_stub_, &v1::CatalogService::Stub::UpdateAuthor, rename, kAnna, Roles{"author"}),
      IsOk());
  EXPECT_EQ(replica_.Find(ref)->author.display_name, "Another name");

  v1::UnpublishManuscriptRequest unpublish;
  unpublish.set_post_id(post.post_id());
  ASSERT_THAT(Desk(&v1::DeskService::Stub::UnpublishManuscript, unpublish), IsOk());
  EXPECT_THAT(replica_.Find(ref).status(), HasReason("POST_NOT_FOUND"));
}

TEST_F(DeskServiceTest, AnUpdateKeepsTheAccessLevelOrNamesOne) {
  auto request = NewDraft();
  request.mutable_manuscript()->set_access_level(subscription::v1::ACCESS_LEVEL_PREMIUM);
  const v1::Manuscript draft = Desk(&v1::DeskService::Stub::CreateManuscript, request).value();
  v1::UpdateManuscriptRequest update;
  *update.mutable_manuscript() = draft;
  update.mutable_manuscript()->clear_etag();
  update.mutable_manuscript()->clear_access_level();
  for (const char* mask : {"*", "access_level"}) {
    update.mutable_update_mask()->clear_paths();
    update.mutable_update_mask()->add_paths(mask);
    const absl::Status refused = Desk(&v1::DeskService::Stub::UpdateManuscript, update).status();
    EXPECT_THAT(refused, HasViolation("manuscript.access_level")) << mask;
  }
  update.mutable_manuscript()->set_title("Another title");
  update.clear_update_mask();
  EXPECT_EQ(Desk(&v1::DeskService::Stub::UpdateManuscript, update)->access_level(),
            subscription::v1::ACCESS_LEVEL_PREMIUM);
  update.mutable_manuscript()->set_access_level(subscription::v1::ACCESS_LEVEL_PUBLIC);
  update.mutable_update_mask()->add_paths("*");
  EXPECT_EQ(Desk(&v1::DeskService::Stub::UpdateManuscript, update)->access_level(),
            subscription::v1::ACCESS_LEVEL_PUBLIC);
}

TEST_F(DeskServiceTest, OnlyEditorsGiveAManuscriptToAnotherAuthor) {
  v1::UpdateManuscriptRequest update;
  *update.mutable_manuscript() = Create();
  update.mutable_manuscript()->set_author_id(setting_.bert.id.value());
  for (const char* mask : {"*", "author_id"}) {
    update.mutable_update_mask()->clear_paths();
    update.mutable_update_mask()->add_paths(mask);
    const absl::Status refused = Desk(&v1::DeskService::Stub::UpdateManuscript, update).status();
    EXPECT_THAT(refused, HasViolation("manuscript.author_id")) << mask;
  }
  const auto given = Desk(&v1::DeskService::Stub::UpdateManuscript, update, kCarl, {"editor"});
  ASSERT_THAT(given, IsOk());
  EXPECT_EQ(given->author_id(), setting_.bert.id.value());
}

TEST_F(DeskServiceTest, ListsAtMostTwentyRevisionsAtATime) {
  v1::UpdateManuscriptRequest update;
  *update.mutable_manuscript() = Create("0");
  update.mutable_manuscript()->clear_etag();
  update.mutable_update_mask()->add_paths("title");
  for (int i = 1; i <= 22; ++i) {
    update.mutable_manuscript()->set_title(std::to_string(i));
    ASSERT_THAT(Desk(&v1::DeskService::Stub::UpdateManuscript, update), IsOk());
  }
  v1::ListRevisionsRequest list;
  list.set_post_id(update.manuscript().post_id());
  list.set_page_size(100);
  const auto page = Desk(&v1::DeskService::Stub::ListRevisions, list);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->revisions_size(), 20);
  EXPECT_EQ(page->revisions(0).title(), "21");
  list.set_page_token(page->next_page_token());
  const auto rest = Desk(&v1::DeskService::Stub::ListRevisions, list);
  ASSERT_THAT(rest, IsOk());
  ASSERT_EQ(rest->revisions_size(), 2);
  EXPECT_EQ(rest->revisions(0).title(), "1");
  EXPECT_EQ(rest->next_page_token(), "");
}

TEST_F(DeskServiceTest, ARepeatedRequestMakesOneManuscript) {
  auto request = NewDraft();
  request.set_request_id("once");
  const auto first = Desk(&v1::DeskService::Stub::CreateManuscript, request);
  const auto second = Desk(&v1::DeskService::Stub::CreateManuscript, request);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->post_id(), second->post_id());
}

TEST_F(DeskServiceTest, AnothersManuscriptIsNotThere) {
  const v1::Manuscript draft = Create();
  v1::GetManuscriptRequest get;
  get.set_post_id(draft.post_id());
  EXPECT_THAT(Desk(&v1::DeskService::Stub::GetManuscript, get, kBert).status(),
              HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(Desk(&v1::DeskService::Stub::GetManuscript, get, kCarl, {"editor"}), IsOk());
  EXPECT_THAT(Publish(draft.post_id(), kBert).status(), HasReason("POST_NOT_FOUND"));
  v1::UpdateManuscriptRequest update;
  update.mutable_manuscript()->set_post_id(draft.post_id());
  update.mutable_manuscript()->set_title("Mine now");
  EXPECT_THAT(Desk(&v1::DeskService::Stub::UpdateManuscript, update, kBert).status(),
              HasReason("POST_NOT_FOUND"));
  v1::ListRevisionsRequest revisions;
  revisions.set_post_id(draft.post_id());
  EXPECT_THAT(Desk(&v1::DeskService::Stub::ListRevisions, revisions, kBert).status(),
              HasReason("POST_NOT_FOUND"));
  EXPECT_THAT(Desk(&v1::DeskService::Stub::ListRevisions, revisions, kCarl, {"editor"}), IsOk());
  v1::DeleteManuscriptRequest remove;
  remove.set_post_id(draft.post_id());
  EXPECT_THAT(Desk(&v1::DeskService::Stub::DeleteManuscript, remove, kBert).status(),
              HasReason("POST_NOT_FOUND"));
  v1::ListManuscriptsRequest list;
  EXPECT_EQ(Desk(&v1::DeskService::Stub::ListManuscripts, list, kBert)->manuscripts_size(), 0);
  EXPECT_EQ(
      Desk(&v1::DeskService::Stub::ListManuscripts, list, kCarl, {"editor"})->manuscripts_size(),
      1);
  EXPECT_THAT(Desk(&v1::DeskService::Stub::DeleteManuscript, remove, kCarl, {"editor"}), IsOk());
}

TEST_F(DeskServiceTest, PublishesTakesBackAndSchedules) {
  const v1::Manuscript draft = Create();
  const auto published = Publish(draft.post_id());
  ASSERT_THAT(published, IsOk());
  EXPECT_EQ(published->state(), v1::MANUSCRIPT_STATE_PUBLISHED);
  EXPECT_TRUE(world_.posts.Find({.id = PostId(draft.post_id())}).ok());
  v1::UnpublishManuscriptRequest unpublish;
  unpublish.set_post_id(draft.post_id());
  unpublish.set_etag("\"77\"");
  EXPECT_THAT(Desk(&v1::DeskService::Stub::UnpublishManuscript, unpublish).status(),
              HasReason("ETAG_MISMATCH"));
  unpublish.clear_etag();
  ASSERT_THAT(Desk(&v1::DeskService::Stub::UnpublishManuscript, unpublish), IsOk());
  EXPECT_FALSE(world_.posts.Find({.id = PostId(draft.post_id())}).ok());
  v1::ScheduleManuscriptRequest schedule;
  schedule.set_post_id(draft.post_id());
  EXPECT_THAT(Desk(&v1::DeskService::Stub::ScheduleManuscript, schedule).status(),
              HasViolation("publish_time"));
  schedule.mutable_publish_time()->set_seconds(253'402'300'800);  // the year 10000
  EXPECT_THAT(Desk(&v1::DeskService::Stub::ScheduleManuscript, schedule).status(),
              HasViolation("publish_time"));
  *schedule.mutable_publish_time() = ToProtoTime(clock().Now() + absl::Hours(1));
  EXPECT_EQ(Desk(&v1::DeskService::Stub::ScheduleManuscript, schedule)->state(),
            v1::MANUSCRIPT_STATE_SCHEDULED);
}

TEST_F(DeskServiceTest, OnlyEditorsSayWhenATextAppearedFirst) {
  const v1::Manuscript draft = Create();
  v1::PublishManuscriptRequest request;
  request.set_post_id(draft.post_id());
  *request.mutable_publish_time() = ToProtoTime(kNoon - absl::Hours(24 * 365));
  EXPECT_THAT(Desk(&v1::DeskService::Stub::PublishManuscript, request).status(),
              HasReason("ROLE_REQUIRED"));
  const auto published =
      Desk(&v1::DeskService::Stub::PublishManuscript, request, kCarl, {"editor"});
  ASSERT_THAT(published, IsOk());
  EXPECT_EQ(world_.posts.Find({.id = PostId(draft.post_id())})->publish_time,
            kNoon - absl::Hours(24 * 365));
}

TEST_F(DeskServiceTest, RefusesFieldsThatAreNoneAllAtOnce) {
  v1::CreateManuscriptRequest request;
  request.mutable_manuscript()->set_slug("Not A Slug");
  request.mutable_manuscript()->set_lede(std::string(501, 'x'));
  request.mutable_manuscript()->add_topic_ids("x");
  const absl::Status status = Desk(&v1::DeskService::Stub::CreateManuscript, request).status();
  for (const char* field : {"manuscript.slug", "manuscript.title", "manuscript.lede"}) {
    EXPECT_THAT(status, HasViolation(field));
  }
  v1::RenderMarkdownRequest render;
  render.set_markdown(std::string((128 << 10) + 1, 'x'));
  EXPECT_THAT(Desk(&v1::DeskService::Stub::RenderMarkdown, render).status(),
              HasViolation("markdown"));
}

TEST_F(DeskServiceTest, ShowsWhatReadersWillGet) {
  v1::RenderMarkdownRequest render;
  render.set_markdown("One.\n\n<!--more-->\n\n*Two* <script>alert(1)</script>.");
  const auto rendered = Desk(&v1::DeskService::Stub::RenderMarkdown, render);
  ASSERT_THAT(rendered, IsOk());
  EXPECT_EQ(rendered->preview_html(), "<p>One.</p>\n");
  EXPECT_THAT(rendered->body_html(), HasSubstr("<em>Two</em>"));
  EXPECT_THAT(rendered->body_html(), ::testing::Not(HasSubstr("<script")));
}

TEST_F(DeskServiceTest, PagesThroughManuscripts) {
  for (int i = 0; i < 3; ++i) {
    Create("Title " + std::to_string(i));
    fake_clock().Advance(absl::Seconds(1));
  }
  std::vector<std::string> titles;
  v1::ListManuscriptsRequest list;
  list.set_page_size(2);
  do {
    const auto page = Desk(&v1::DeskService::Stub::ListManuscripts, list);
    ASSERT_THAT(page, IsOk());
    for (const v1::Manuscript& manuscript : page->manuscripts()) {
      titles.push_back(manuscript.title());
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(titles, ElementsAre("Title 2", "Title 1", "Title 0"));
  list.set_state(static_cast<v1::ManuscriptState>(77));
  EXPECT_THAT(Desk(&v1::DeskService::Stub::ListManuscripts, list).status(), HasViolation("state"));
}

TEST_F(DeskServiceTest, OnlyEditorsRunTheCatalog) {
  v1::CreateChannelRequest create;
  create.mutable_channel()->set_slug("new");
  create.mutable_channel()->set_display_name("New");
  const auto call = [&](const Roles& roles) {
    return Call(*catalog_stub_, &v1::CatalogService::Stub::CreateChannel, create, kCarl, roles);
  };
  EXPECT_THAT(call({"author"}).status(), HasReason("ROLE_REQUIRED"));
  ASSERT_THAT(call({"editor"}), IsOk());
  EXPECT_THAT(call({"editor"}).status(), HasReason("SLUG_TAKEN"));
  create.mutable_channel()->set_slug("No Slug");
  EXPECT_THAT(call({"editor"}).status(), HasViolation("channel.slug"));
}

TEST_F(DeskServiceTest, WhoseAccountAnAuthorIsStaysBetweenThem) {
  v1::GetAuthorRequest get;
  get.set_author("anna");
  const auto seen_by = [&](const AccountId& as, const Roles& roles) {
    return Call(*catalog_stub_, &v1::CatalogService::Stub::GetAuthor, get, as, roles)->account_id();
  };
  EXPECT_EQ(seen_by(kBert, {}), "");
  EXPECT_EQ(seen_by(kAnna, {}), kAnna.value());
  EXPECT_EQ(seen_by(kBert, {"editor"}), kAnna.value());
}

}  // namespace
}  // namespace rostrum::content
