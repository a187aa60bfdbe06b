#include "services/comment/comment_service.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/comment/comment_proto.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "tests/services/comment/fake_comment_store.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::comment {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");
const PostId kPost("00000000-0000-7000-8000-000000000001");
const ChannelId kRoom("00000000-0000-7000-8000-0000000000c1");
const PostId kOtherPost("00000000-0000-7000-8000-000000000002");

class FakeContentClient final : public ContentClient {
 public:
  absl::Status CheckReadable(const PostId& post_id, const RequestContext&) override {
    if (down) return Unavailable("content is away");
    if (unreadable.contains(post_id)) {
      return Error(absl::StatusCode::kPermissionDenied, "POST_NOT_READABLE", "not for you");
    }
    return absl::OkStatus();
  }
  std::set<PostId> unreadable;
  bool down = false;
};

class FakeFeedClient final : public FeedClient {
 public:
  absl::Status CheckInRoom(const ChannelId&, const RequestContext& context) override {
    if (in_room.contains(context.caller.account_id)) return absl::OkStatus();
    return Error(absl::StatusCode::kPermissionDenied, "ROOM_NOT_JOINED", "join first");
  }
  std::set<AccountId> in_room;
};

class CommentServiceTest : public GrpcFixture {
 protected:
  CommentServiceTest() : GrpcFixture("comment") {
    Serve({&service_});
    stub_ = pb::CommentService::NewStub(channel());
  }

  // Makes one call as an account, or as nobody for an empty id.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (pb::CommentService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request, const AccountId& as) {
    grpc::ClientContext ctx;
    if (as.empty()) {
      AsAnonymous(ctx);
    } else {
      AsAccount(ctx, as);
    }
    Response response;
    const absl::Status status = FromGrpcStatus((stub_.get()->*method)(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<pb::Comment> Create(const std::string& body, const AccountId& as = kAnna,
                                     const std::string& parent_id = "",
                                     const std::string& request_id = "") {
    pb::CreateCommentRequest request;
    request.set_post_id(kPost.value());
    request.mutable_comment()->set_body(body);
    request.mutable_comment()->set_parent_id(parent_id);
    request.set_request_id(request_id);
    return Call(&pb::CommentService::Stub::CreateComment, request, as);
  }
  absl::StatusOr<pb::Comment> SayInRoom(const std::string& body, const AccountId& as = kAnna) {
    pb::CreateCommentRequest request;
    request.set_channel_id(kRoom.value());
    request.mutable_comment()->set_body(body);
    return Call(&pb::CommentService::Stub::CreateComment, request, as);
  }
  absl::StatusOr<pb::Comment> Get(const std::string& comment_id, const AccountId& as) {
    pb::GetCommentRequest request;
    request.set_comment_id(comment_id);
    return Call(&pb::CommentService::Stub::GetComment, request, as);
  }
  absl::StatusOr<pb::Comment> Update(const std::string& comment_id, const std::string& body,
                                     const AccountId& as = kAnna, const std::string& mask = "") {
    pb::UpdateCommentRequest request;
    request.mutable_comment()->set_comment_id(comment_id);
    request.mutable_comment()->set_body(body);
    if (!mask.empty()) request.mutable_update_mask()->add_paths(mask);
    return Call(&pb::CommentService::Stub::UpdateComment, request, as);
  }
  absl::StatusOr<pb::ListCommentsResponse> List(pb::ListCommentsRequest request,
                                                const AccountId& as = kAnna) {
    if (request.post_id().empty()) request.set_post_id(kPost.value());
    return Call(&pb::CommentService::Stub::ListComments, request, as);
  }

  FakeCommentStore store_;
  FakeContentClient content_;
  FakeFeedClient feed_;
  LocalThrottle throttle_{clock()};
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  CommentService service_{store_, content_, feed_, throttle_, page_tokens_, clock(), runtime()};
  std::unique_ptr<pb::CommentService::Stub> stub_;
};

TEST_F(CommentServiceTest, CreatesACommentWithItsHtml) {
  const auto created = Create("Hello *there*");
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->body(), "Hello *there*");
  EXPECT_EQ(created->body_html(), "<p>Hello <em>there</em></p>\n");
  EXPECT_EQ(created->author().account_id(), kAnna.value());
  EXPECT_EQ(created->etag(), "\"1\"");
}

TEST_F(CommentServiceTest, NeedsAnAccountToWrite) {
  EXPECT_THAT(Create("hello", AccountId()).status(), HasReason("LOGIN_REQUIRED"));
}

TEST_F(CommentServiceTest, RefusesBodiesThatAreNone) {
  for (const std::string& body :
       {std::string(), std::string("  \n "), std::string(10'001, 'a'), std::string("\x07 bell")}) {
    EXPECT_THAT(Create(body).status(), HasViolation("comment.body"));
  }
  EXPECT_THAT(Create(std::string(10'000, 'a')), IsOk());
}

TEST_F(CommentServiceTest, ARepeatedRequestIdReturnsTheSameComment) {
  const auto first = Create("once", kAnna, "", "key-1");
  const auto second = Create("once", kAnna, "", "key-1");
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->comment_id(), second->comment_id());
  EXPECT_EQ(List({})->total_count(), 1);
}

TEST_F(CommentServiceTest, ARequestIdIsForOneRequestAndOneCaller) {
  ASSERT_THAT(Create("once", kAnna, "", "key-1"), IsOk());
  EXPECT_THAT(Create("another", kAnna, "", "key-1").status(), HasViolation("request_id"));
  EXPECT_THAT(Create("once", kBert, "", "key-1"), IsOk());
}

TEST_F(CommentServiceTest, OnlyReadersOfThePostSeeItsDiscussion) {
  const auto created = Create("inside");
  ASSERT_THAT(created, IsOk());
  content_.unreadable.insert(kPost);
  EXPECT_THAT(List({}).status(), HasReason("POST_NOT_READABLE"));
  EXPECT_THAT(Create("more").status(), HasReason("POST_NOT_READABLE"));
  EXPECT_THAT(Get(created->comment_id(), kBert).status(), HasReason("POST_NOT_READABLE"));
  pb::ListCommentRevisionsRequest revisions;
  revisions.set_comment_id(created->comment_id());
  EXPECT_THAT(Call(&pb::CommentService::Stub::ListCommentRevisions, revisions, kBert).status(),
              HasReason("POST_NOT_READABLE"));
}

TEST_F(CommentServiceTest, OnesOwnWordsCanBeTakenBackAfterLosingAccess) {
  const auto created = Create("mine");
  content_.unreadable.insert(kPost);
  pb::DeleteCommentRequest request;
  request.set_comment_id(created->comment_id());
  EXPECT_THAT(Call(&pb::CommentService::Stub::DeleteComment, request, kAnna), IsOk());
}

TEST_F(CommentServiceTest, SaysSoWhenContentIsAway) {
  content_.down = true;
  EXPECT_THAT(Create("hello").status(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CommentServiceTest, AParentOnAnotherPostOpensNothing) {
  const auto inside = Create("inside");
  pb::ListCommentsRequest request;
  request.set_post_id(kOtherPost.value());
  request.set_parent_id(inside->comment_id());
  content_.unreadable.insert(kPost);
  EXPECT_THAT(List(request).status(), StatusIs(absl::StatusCode::kNotFound));
}

// A page of the longest comments would not go into one message.
TEST_F(CommentServiceTest, LongCommentsMakeShortPages) {
  const std::string longest(10'000, '"');  // escaped it is six times as long
  for (int i = 0; i < 30; ++i) {
    ASSERT_THAT(Create(longest), IsOk());
    fake_clock().Advance(absl::Seconds(10));
  }
  std::set<std::string> ids;
  pb::ListCommentsRequest request;
  request.set_page_size(100);
  int pages = 0;
  do {
    const auto page = List(request);
    ASSERT_THAT(page, IsOk());
    EXPECT_LE(page->ByteSizeLong(), 1'100'000u);
    EXPECT_GT(page->comments_size(), 0);
    for (const pb::Comment& comment : page->comments()) ids.insert(comment.comment_id());
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(ids.size(), 30u);
  EXPECT_EQ(pages, 2 + 1);
}

TEST_F(CommentServiceTest, PagesInBothOrdersWithoutGapsOrRepeats) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(Create(std::to_string(i)), IsOk());
    fake_clock().Advance(absl::Seconds(i % 2));  // some share their time
  }
  for (const auto order : {pb::COMMENT_ORDER_OLDEST, pb::COMMENT_ORDER_NEWEST}) {
    std::vector<std::string> bodies;
    pb::ListCommentsRequest request;
    request.set_order(order);
    request.set_page_size(2);
    do {
      const auto page = List(request);
      ASSERT_THAT(page, IsOk());
      for (const pb::Comment& comment : page->comments()) bodies.push_back(comment.body());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    if (order == pb::COMMENT_ORDER_NEWEST) std::reverse(bodies.begin(), bodies.end());
    EXPECT_THAT(std::set<std::string>(bodies.begin(), bodies.end()),
                ElementsAre("0", "1", "2", "3", "4"));
    EXPECT_EQ(bodies.size(), 5u);
    EXPECT_EQ(bodies.back(), "4");
  }
}

TEST_F(CommentServiceTest, AListMayBeginWithACommentInItsMiddle) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(Create(std::to_string(i), kAnna, i == 3 ? ids.front() : "")->comment_id());
    fake_clock().Advance(absl::Seconds(1));
  }
  pb::ListCommentsRequest request;
  request.set_from_comment_id(ids[2]);
  EXPECT_THAT(List(request).status(), HasViolation("from_comment_id")) << "only with flat";
  request.set_flat(true);
  request.set_page_size(2);
  const auto bodies = [](const pb::ListCommentsResponse& page) {
    std::string all;
    for (const pb::Comment& comment : page.comments()) all += comment.body();
    return all;
  };
  EXPECT_EQ(bodies(*List(request)), "23");
  request.set_order(pb::COMMENT_ORDER_NEWEST);
  const auto page = List(request);
  EXPECT_EQ(bodies(*page), "21");
  EXPECT_EQ(page->total_count(), 5);
  request.set_page_token(page->next_page_token());
  EXPECT_EQ(bodies(*List(request)), "0");
  request.clear_from_comment_id();
  EXPECT_EQ(bodies(*List(request)), "0") << "later pages need not repeat it";

  request.clear_page_token();
  request.set_page_size(1);
  request.set_from_comment_id(ids[0]);
  EXPECT_EQ(List(request)->next_page_token(), "");
  request.set_from_comment_id("no id");
  EXPECT_THAT(List(request).status(), HasViolation("from_comment_id"));
  request.set_from_comment_id(ids[2]);
  request.set_post_id(kOtherPost.value());
  EXPECT_THAT(List(request).status(), HasReason("COMMENT_NOT_FOUND"));
}

TEST_F(CommentServiceTest, APageTokenIsForItsListOnly) {
  for (int i = 0; i < 3; ++i) ASSERT_THAT(Create("x"), IsOk());
  pb::ListCommentsRequest request;
  request.set_page_size(1);
  request.set_page_token(List(request)->next_page_token());
  EXPECT_THAT(List(request), IsOk());
  request.set_page_size(2);  // this may change
  EXPECT_THAT(List(request), IsOk());
  request.set_order(pb::COMMENT_ORDER_NEWEST);
  EXPECT_THAT(List(request).status(), HasViolation("page_token"));
  request.set_page_token("garbage");
  EXPECT_THAT(List(request).status(), HasViolation("page_token"));
}

TEST_F(CommentServiceTest, EditsWithinTheWindowAndKeepsTheFormerText) {
  const auto created = Create("first");
  const auto edited = Update(created->comment_id(), "second");
  ASSERT_THAT(edited, IsOk());
  EXPECT_THAT(edited->body_html(), HasSubstr("second"));
  EXPECT_TRUE(edited->has_edit_time());
  pb::ListCommentRevisionsRequest list;
  list.set_comment_id(created->comment_id());
  const auto revisions = Call(&pb::CommentService::Stub::ListCommentRevisions, list, AccountId());
  ASSERT_EQ(revisions->revisions_size(), 1);
  EXPECT_THAT(revisions->revisions(0).body_html(), HasSubstr("first"));

  fake_clock().Advance(kEditWindow);
  EXPECT_THAT(Update(created->comment_id(), "third").status(), HasReason("EDIT_WINDOW_CLOSED"));
}

TEST_F(CommentServiceTest, WhoLostAccessEditsNothing) {
  feed_.in_room = {kAnna};
  const auto in_room = SayInRoom("in the room");
  const auto on_post = Create("on the post");
  feed_.in_room.clear();
  content_.unreadable.insert(kPost);
  EXPECT_THAT(Update(in_room->comment_id(), "changed").status(), HasReason("ROOM_NOT_JOINED"));
  EXPECT_THAT(Update(on_post->comment_id(), "changed").status(), HasReason("POST_NOT_READABLE"));
}

TEST_F(CommentServiceTest, LimitsHowOftenOnePersonEdits) {
  const std::string mine = Create("first")->comment_id();
  const std::string others = Create("of Bert", kBert)->comment_id();
  for (int i = 1; i <= 20; ++i) ASSERT_THAT(Update(mine, std::to_string(i)), IsOk());
  EXPECT_THAT(Update(mine, "one too many").status(), HasReason("RATE_LIMITED"));
  EXPECT_THAT(Update(Create("second")->comment_id(), "so is another").status(),
              HasReason("RATE_LIMITED"));
  EXPECT_THAT(Update(others, "me too", kBert), IsOk());
  fake_clock().Advance(absl::Minutes(1) / 20);
  EXPECT_THAT(Update(mine, "one more"), IsOk());
}

TEST_F(CommentServiceTest, OnlyTheBodyCanBeChanged) {
  const auto created = Create("first");
  EXPECT_THAT(Update(created->comment_id(), "second", kAnna, "depth").status(),
              HasViolation("update_mask"));
  EXPECT_EQ(Update(created->comment_id(), "second", kAnna, "*").value().body(), "second");
}

TEST_F(CommentServiceTest, ADeletedCommentLeavesAMarkWithoutWordsOrName) {
  const auto created = Create("regretted");
  const auto reply = Create("answer", kBert, created->comment_id());
  ASSERT_THAT(reply, IsOk());
  pb::DeleteCommentRequest request;
  request.set_comment_id(created->comment_id());
  const auto deleted = Call(&pb::CommentService::Stub::DeleteComment, request, kAnna);
  ASSERT_THAT(deleted, IsOk());
  EXPECT_TRUE(deleted->has_delete_time());
  EXPECT_EQ(deleted->body() + deleted->body_html(), "");
  EXPECT_FALSE(deleted->has_author());
  EXPECT_EQ(deleted->reply_count(), 1);
  EXPECT_EQ(List({})->total_count(), 1);  // the reply
  EXPECT_THAT(Create("too late", kBert, created->comment_id()).status(),
              HasReason("PARENT_DELETED"));
}

TEST_F(CommentServiceTest, OnlyThoseInARoomReadAndWriteInIt) {
  feed_.in_room = {kAnna};
  const auto created = SayInRoom("hello, room");
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->channel_id(), kRoom.value());
  EXPECT_EQ(created->post_id(), "");
  EXPECT_THAT(SayInRoom("hello", kBert).status(), HasReason("ROOM_NOT_JOINED"));

  pb::ListCommentsRequest list;
  list.set_channel_id(kRoom.value());
  const auto listed = Call(&pb::CommentService::Stub::ListComments, list, kAnna);
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->comments_size(), 1);
  EXPECT_EQ(listed->total_count(), 1);
  for (const AccountId& other : {kBert, AccountId()}) {
    EXPECT_THAT(Call(&pb::CommentService::Stub::ListComments, list, other).status(),
                HasReason("ROOM_NOT_JOINED"));
    EXPECT_THAT(Get(created->comment_id(), other).status(), HasReason("ROOM_NOT_JOINED"));
  }
}

TEST_F(CommentServiceTest, ARequestIsAboutAPostOrARoom) {
  feed_.in_room = {kAnna};
  pb::ListCommentsRequest list;
  EXPECT_THAT(Call(&pb::CommentService::Stub::ListComments, list, kAnna).status(),
              HasViolation("post_id"));
  list.set_post_id(kPost.value());
  list.set_channel_id(kRoom.value());
  EXPECT_THAT(Call(&pb::CommentService::Stub::ListComments, list, kAnna).status(),
              HasViolation("channel_id"));
  list.set_post_id("");
  list.set_channel_id("x");
  EXPECT_THAT(Call(&pb::CommentService::Stub::ListComments, list, kAnna).status(),
              HasViolation("channel_id"));
}

TEST_F(CommentServiceTest, LimitsHowMuchOnePersonWrites) {
  for (int i = 0; i < 10; ++i) ASSERT_THAT(Create("again"), IsOk());
  const absl::Status refused = Create("again").status();
  EXPECT_THAT(refused, HasReason("RATE_LIMITED"));
  EXPECT_TRUE(DetailsOf(refused).retry_after.has_value());
  EXPECT_THAT(Create("me too", kBert), IsOk());
}

TEST_F(CommentServiceTest, ARepeatIsNeverOneTooMany) {
  for (int i = 0; i < 9; ++i) ASSERT_THAT(Create("again"), IsOk());
  const auto last = Create("the tenth", kAnna, "", "key");
  ASSERT_THAT(last, IsOk());
  const auto repeated = Create("the tenth", kAnna, "", "key");
  ASSERT_THAT(repeated, IsOk());
  EXPECT_EQ(repeated->comment_id(), last->comment_id());
  EXPECT_THAT(Create("the eleventh").status(), HasReason("RATE_LIMITED"));
}

TEST_F(CommentServiceTest, ARepeatCostsNothing) {
  for (int i = 0; i < 50; ++i) ASSERT_THAT(Create("once", kAnna, "", "key"), IsOk());
  for (int i = 0; i < 9; ++i) ASSERT_THAT(Create("again"), IsOk());
  EXPECT_THAT(Create("the eleventh").status(), HasReason("RATE_LIMITED"));
}

// Otherwise the retries of one call would use up the limit.
TEST_F(CommentServiceTest, WhatFailsForAnOutageCostsNothing) {
  for (const absl::Status& outage :
       {Unavailable("away"), OutOfTime("no answer"),
        Error(absl::StatusCode::kResourceExhausted, kDatabaseBusy, "busy"),
        Error(absl::StatusCode::kDeadlineExceeded, "DATABASE_TIMEOUT", "slow"),
        Error(absl::StatusCode::kAborted, "CONFLICT", "again and again")}) {
    store_.outage = outage;
    for (int i = 0; i < 20; ++i) ASSERT_THAT(Create("lost").status(), HasReason(ReasonOf(outage)));
  }
  store_.outage = absl::OkStatus();
  for (int i = 0; i < 10; ++i) ASSERT_THAT(Create("again"), IsOk());
  EXPECT_THAT(Create("the eleventh").status(), HasReason("RATE_LIMITED"));
}

TEST_F(CommentServiceTest, WhatIsRefusedCosts) {
  const std::string nowhere = NewUuid(clock().Now());
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(Create("astray", kAnna, nowhere).status(), HasReason("PARENT_NOT_FOUND"));
  }
  EXPECT_THAT(Create("the eleventh").status(), HasReason("RATE_LIMITED"));
}

TEST_F(CommentServiceTest, ABodyThatIsRefusedCosts) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(Create(std::string(20'000, 'x')).status(), HasViolation("comment.body"));
  }
  EXPECT_THAT(Create("the eleventh").status(), HasReason("RATE_LIMITED"));
}

TEST_F(CommentServiceTest, RefusesIdsThatAreNone) {
  for (const std::string& id : {std::string("x"), std::string("../etc"), std::string(5000, 'a'),
                                std::string("00000000-0000-7000-8000-00000000000G")}) {
    EXPECT_THAT(Get(id, kAnna).status(), HasViolation("comment_id"));
  }
}

}  // namespace
}  // namespace rostrum::comment
