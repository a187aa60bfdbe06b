#include "services/feed/feed_service.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "services/feed/feed_proto.h"
#include "tests/services/feed/fake_feed_store.h"
#include "tests/services/feed/posts.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Stub = pb::FeedService::Stub;

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");

Caller Account(const AccountId& id) {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = id;
  caller.has_all_scopes = true;
  return caller;
}
// An account with an access token of one scope.
Caller Token(const std::string& scope) {
  Caller caller = Account(kAnna);
  caller.has_all_scopes = false;
  caller.scopes = {scope};
  return caller;
}
Caller Service(const std::string& name) {
  Caller caller;
  caller.kind = Caller::Kind::kService;
  caller.service = name;
  return caller;
}

// A token of somebody who guesses.
std::string Forged(std::string token) {
  token[0] = token[0] == 'A' ? 'B' : 'A';
  return token;
}

class FeedServiceTest : public GrpcFixture {
 protected:
  FeedServiceTest() : GrpcFixture("feed") {
    Serve({&service_});
    stub_ = pb::FeedService::NewStub(channel());
  }

  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, const Caller& as) {
    grpc::ClientContext ctx;
    AsCaller(ctx, as);
    Response response;
    const absl::Status status = FromGrpcStatus((stub_.get()->*method)(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  absl::StatusOr<pb::ListFeedResponse> List(const pb::ListFeedRequest& request = {},
                                            const Caller& as = Account(kAnna)) {
    return Call(&Stub::ListFeed, request, as);
  }
  absl::StatusOr<pb::FeedState> Mark(const std::string& mark, const Caller& as = Account(kAnna)) {
    pb::MarkFeedSeenRequest request;
    request.set_mark(mark);
    return Call(&Stub::MarkFeedSeen, request, as);
  }
  absl::StatusOr<pb::FeedState> State(const Caller& as = Account(kAnna)) {
    return Call(&Stub::GetFeedState, pb::GetFeedStateRequest(), as);
  }

  void Publish(const std::string& title, int minute) {
    store_.Publish(Post(title, minute, "channel", "author"));
  }
  // Fills the feeds of Anna and Bert with the same posts: "1" is the oldest.
  void Fill(int posts) {
    for (const AccountId& id : {kAnna, kBert}) {
      store_.Follow(id, Named(FollowKind::kChannel, "channel"), kNoon);
    }
    for (int i = 1; i <= posts; ++i) Publish(std::to_string(i), i);
  }
  static std::vector<std::string> TitlesOf(const pb::ListFeedResponse& page) {
    std::vector<std::string> titles;
    for (const pb::FeedItem& item : page.items()) titles.push_back(item.post().title());
    return titles;
  }
  static std::vector<bool> UnreadOf(const pb::ListFeedResponse& page) {
    std::vector<bool> unread;
    for (const pb::FeedItem& item : page.items()) unread.push_back(item.unread());
    return unread;
  }

  FakeFeedStore store_;
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  FeedService service_{store_, page_tokens_, runtime()};
  std::unique_ptr<Stub> stub_;
};

TEST_F(FeedServiceTest, ListsNewestFirstWithTheReasons) {
  const auto old = Post("old", 1, "channel", "author", {"other topic", "topic"});
  store_.Publish(old);
  store_.Publish(Post("new", 2, "other channel", "author", {"topic"}));
  store_.Follow(kAnna, Named(FollowKind::kTopic, "topic"), kNoon);
  store_.Follow(kAnna, Named(FollowKind::kChannel, "channel"), kNoon);
  const auto page = List();
  ASSERT_THAT(page, IsOk());
  ASSERT_THAT(TitlesOf(*page), ElementsAre("new", "old"));
  EXPECT_EQ(page->next_page_token(), "");
  EXPECT_FALSE(page->follows_nothing());

  pb::FeedItem expected;
  *expected.mutable_post() = old;
  const auto add = [&](pb::FollowKind kind, const std::string& name) {
    pb::FeedReason* reason = expected.add_reasons();
    reason->set_kind(kind);
    reason->set_target_id(Uuid(name));
    reason->set_display_name(name);
  };
  add(pb::FOLLOW_KIND_CHANNEL, "channel");
  add(pb::FOLLOW_KIND_TOPIC, "topic");
  expected.set_unread(true);
  expected.set_mark(page->items(1).mark());
  EXPECT_THAT(page->items(1), EqualsProto(expected));
  EXPECT_THAT(expected.mark(), Not(IsEmpty()));
  EXPECT_THAT(page->items(0).reasons(), SizeIs(1));
}

TEST_F(FeedServiceTest, SaysWhenNothingIsFollowed) {
  Publish("of no interest", 1);
  ASSERT_THAT(List(), IsOk());
  EXPECT_THAT(List()->items(), IsEmpty());
  EXPECT_TRUE(List()->follows_nothing());
  store_.Follow(kAnna, Named(FollowKind::kChannel, "quiet channel"), kNoon);
  EXPECT_THAT(List()->items(), IsEmpty());
  EXPECT_FALSE(List()->follows_nothing());
}

TEST_F(FeedServiceTest, PagesWithoutGapsOrRepeats) {
  Fill(5);
  Publish("5 too", 5);  // shares its time
  std::vector<std::vector<std::string>> pages;
  pb::ListFeedRequest request;
  request.set_page_size(2);
  do {
    const auto page = List(request);
    ASSERT_THAT(page, IsOk());
    pages.push_back(TitlesOf(*page));
    request.set_page_token(page->next_page_token());
    Publish("new " + std::to_string(pages.size()), 100);  // in front of what was read
  } while (!request.page_token().empty() && pages.size() < 10);
  EXPECT_THAT(pages, ElementsAre(::testing::UnorderedElementsAre("5", "5 too"),
                                 ElementsAre("4", "3"), ElementsAre("2", "1")));
}

TEST_F(FeedServiceTest, APageTokenIsForOnesOwnFeedOnly) {
  Fill(3);
  pb::ListFeedRequest request;
  request.set_page_size(1);
  const pb::ListFeedResponse first = List(request).value();
  request.set_page_token(first.next_page_token());
  request.set_page_size(2);  // this may change
  EXPECT_THAT(TitlesOf(List(request).value()), ElementsAre("2", "1"));
  EXPECT_THAT(List(request, Account(kBert)).status(), HasViolation("page_token"));
  for (const std::string& token :
       {std::string("garbage"), Forged(first.next_page_token()), first.items(0).mark()}) {
    request.set_page_token(token);
    EXPECT_THAT(List(request).status(), HasReason("PAGE_TOKEN_INVALID"));
  }
}

TEST_F(FeedServiceTest, APageHasAHundredItemsAtMost) {
  Fill(101);
  pb::ListFeedRequest request;
  std::vector<int> sizes;
  for (const int size : {0, 1, 100, 101, 1'000'000}) {
    request.set_page_size(size);
    sizes.push_back(List(request).value().items_size());
  }
  EXPECT_THAT(sizes, ElementsAre(20, 1, 100, 100, 100));
  request.set_page_size(-1);
  EXPECT_THAT(List(request).status(), HasViolation("page_size"));
}

TEST_F(FeedServiceTest, WhatIsNewerThanTheMarkStaysUnread) {
  Fill(3);
  const auto state = Mark(List()->items(1).mark());
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state->unread_count(), 1);
  EXPECT_THAT(state->newest_time(), EqualsProto(ToProtoTime(kNoon + absl::Minutes(3))));
  EXPECT_THAT(UnreadOf(List().value()), ElementsAre(true, false, false));
  EXPECT_THAT(UnreadOf(List({}, Account(kBert)).value()), ElementsAre(true, true, true));
}

TEST_F(FeedServiceTest, TheMarkNeverMovesBackwards) {
  Fill(3);
  const pb::ListFeedResponse page = List().value();
  std::vector<int> unread;
  for (const int seen : {2, 0, 2}) unread.push_back(Mark(page.items(seen).mark())->unread_count());
  EXPECT_THAT(unread, ElementsAre(2, 0, 0));
  EXPECT_THAT(UnreadOf(List().value()), ElementsAre(false, false, false));
}

TEST_F(FeedServiceTest, AMarkIsOfOnesOwnFeed) {
  Fill(2);
  pb::ListFeedRequest request;
  request.set_page_size(1);
  const pb::ListFeedResponse page = List(request).value();
  const std::string mark = page.items(0).mark();
  const std::string of_bert = List(request, Account(kBert))->items(0).mark();
  for (const std::string& wrong :
       {std::string(), std::string("garbage"), std::string(5'000, 'A'), Forged(mark),
        mark.substr(0, mark.size() - 4), page.next_page_token(), of_bert}) {
    const absl::Status refused = Mark(wrong).status();
    EXPECT_THAT(refused, HasReason("INVALID_MARK")) << wrong;
    EXPECT_THAT(refused, HasViolation("mark"));
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_EQ(State()->unread_count(), 2);
  EXPECT_EQ(Mark(mark)->unread_count(), 0);
}

TEST_F(FeedServiceTest, TheStateCountsUpToAHundred) {
  pb::FeedState expected;
  EXPECT_THAT(State(), IsOkAndHolds(EqualsProto(expected)));  // without a newest item
  Fill(99);
  expected.set_unread_count(99);
  *expected.mutable_newest_time() = ToProtoTime(kNoon + absl::Minutes(99));
  EXPECT_THAT(State(), IsOkAndHolds(EqualsProto(expected)));
  Publish("100", 100);
  Publish("101", 101);
  EXPECT_EQ(State()->unread_count(), 100);
}

TEST_F(FeedServiceTest, AFeedIsForAnAccount) {
  Fill(1);
  const std::string mark = List()->items(0).mark();
  const auto call_all = [&](const Caller& as) {
    return std::vector<absl::Status>{List({}, as).status(), State(as).status(),
                                     Mark(mark, as).status()};
  };
  EXPECT_THAT(call_all(Caller()), ::testing::Each(HasReason("LOGIN_REQUIRED")));
  EXPECT_THAT(call_all(Service("comment")), ::testing::Each(HasReason("ACCOUNT_ONLY")));
  EXPECT_THAT(call_all(Token("read")), ElementsAre(IsOk(), IsOk(), HasReason("SCOPE_REQUIRED")));
  EXPECT_THAT(call_all(Token("write")),
              ElementsAre(HasReason("SCOPE_REQUIRED"), HasReason("SCOPE_REQUIRED"), IsOk()));
}

TEST_F(FeedServiceTest, SaysSoWhenTheDatabaseIsAway) {
  Fill(1);
  const std::string mark = List()->items(0).mark();
  store_.down = true;
  const absl::Status answers[] = {List().status(), State().status(), Mark(mark).status()};
  EXPECT_THAT(answers, ::testing::Each(StatusIs(absl::StatusCode::kUnavailable)));
  store_.down = false;
  store_.read_only = true;
  EXPECT_THAT(Mark(mark).status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(State()->unread_count(), 1);
}

}  // namespace
}  // namespace rostrum::feed
