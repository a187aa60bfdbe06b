#include <map>
#include <string>
#include <vector>

#include "comment_migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/comment/v1/events.pb.h"
#include "services/comment/comment_proto.h"
#include "services/comment/postgres_comment_store.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/comment/fake_comment_store.h"
#include "tests/support/in_parallel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::comment {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const PostId kPost("00000000-0000-7000-8000-000000000001");

struct PostgresUnderTest {
  TestDatabase database{MigrationsOf("comment", migrations::Files())};
  OutboxSignal signal;
  Metrics metrics;
  PostgresCommentStore store{database.pool, signal, metrics};
};

struct FakeUnderTest {
  FakeCommentStore store;
};

NewComment Written(const std::string& body, absl::Time time = kNoon) {
  return {.id = CommentId(NewUuid(time)),
          .subject = kPost,
          .author_id = kAnna,
          .author_name = "Anna",
          .body = body,
          .body_html = "<p>" + body + "</p>",
          .create_time = time};
}

// What every CommentStore does, the real one and the fake.
template <class UnderTest>
class CommentStoreContract : public ::testing::Test {
 protected:
  IdempotencyKey Key(const std::string& request_id = "", const std::string& hash = "h") {
    return {.caller = "account:a",
            .method = "CreateComment",
            .request_id = request_id,
            .request_hash = hash,
            .now = kNoon};
  }
  std::vector<std::string> Bodies(const CommentQuery& query) {
    std::vector<std::string> bodies;
    const std::vector<Comment> comments = store().List(query).value();
    for (const Comment& comment : comments) bodies.push_back(comment.body);
    return bodies;
  }
  CommentStore& store() { return under_test_.store; }

  UnderTest under_test_;
};

// Writes a comment of Anna, and returns its id.
CommentId WriteOne(CommentStore& store, const std::string& body) {
  const NewComment comment = Written(body);
  EXPECT_THAT(store.Create(comment, IdempotencyKey()), IsOk());
  return comment.id;
}

// Changes the text of Anna's comment to "text 1", "text 2" and so on.
void EditOften(CommentStore& store, const CommentId& id, int times) {
  for (int i = 1; i <= times; ++i) {
    const std::string text = "text " + std::to_string(i);
    const auto edit = [&](Comment& comment) {
      return Edit(comment, kAnna, "", text, "<p>" + text + "</p>", kNoon);
    };
    ASSERT_THAT(store.Update(id, edit), IsOk());
  }
}

using Stores = ::testing::Types<FakeUnderTest, PostgresUnderTest>;
TYPED_TEST_SUITE(CommentStoreContract, Stores);

TYPED_TEST(CommentStoreContract, ReturnsWhatWasStored) {
  const auto created = this->store().Create(Written("hello"), this->Key());
  ASSERT_THAT(created, IsOk());
  const auto found = this->store().Get(created->id);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->body, "hello");
  EXPECT_EQ(found->author_name, "Anna");
  EXPECT_EQ(found->create_time, kNoon);
  EXPECT_EQ(found->version, 1);
  EXPECT_THAT(this->store().Get(CommentId(NewUuid(kNoon))).status(),
              HasReason("COMMENT_NOT_FOUND"));
}

TYPED_TEST(CommentStoreContract, AKeyMakesOneComment) {
  const auto first = this->store().Create(Written("once"), this->Key("k"));
  const auto second = this->store().Create(Written("once"), this->Key("k"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(this->store().Count(kPost).value(), 1);
  EXPECT_THAT(this->store().Create(Written("other"), this->Key("k", "other")).status(),
              HasViolation("request_id"));
}

TYPED_TEST(CommentStoreContract, FindsWhatAKeyMade) {
  EXPECT_FALSE(this->store().FindRepeated(this->Key("k"))->has_value());
  const auto first = this->store().Create(Written("once"), this->Key("k"));
  EXPECT_EQ((*this->store().FindRepeated(this->Key("k")))->id, first->id);
  EXPECT_FALSE(this->store().FindRepeated(this->Key(""))->has_value());
  EXPECT_THAT(this->store().FindRepeated(this->Key("k", "other")).status(),
              HasViolation("request_id"));
}

TYPED_TEST(CommentStoreContract, ParallelRepeatsMakeOneComment) {
  InParallel(
      8, [&](int) { EXPECT_THAT(this->store().Create(Written("once"), this->Key("k")), IsOk()); });
  EXPECT_EQ(this->store().Count(kPost).value(), 1);
}

TYPED_TEST(CommentStoreContract, ARepliesCountAndDepthAreKept) {
  const auto parent = this->store().Create(Written("parent"), this->Key());
  NewComment reply = Written("reply");
  reply.parent_id = parent->id;
  const auto created = this->store().Create(reply, this->Key());
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->depth, 1);
  EXPECT_EQ(this->store().Get(parent->id)->reply_count, 1);
  EXPECT_THAT(this->Bodies({.subject = kPost}), ElementsAre("parent"));
  EXPECT_THAT(this->Bodies({.subject = kPost, .parent_id = parent->id}), ElementsAre("reply"));
  EXPECT_THAT(this->Bodies({.subject = kPost, .flat = true, .limit = 5}).size(), 2u);
}

TYPED_TEST(CommentStoreContract, AParentIsOnTheSamePost) {
  const auto parent = this->store().Create(Written("parent"), this->Key());
  NewComment reply = Written("reply");
  reply.parent_id = parent->id;
  reply.subject = PostId(NewUuid(kNoon));
  EXPECT_THAT(this->store().Create(reply, this->Key()).status(), HasReason("PARENT_NOT_FOUND"));
  reply.parent_id = CommentId(NewUuid(kNoon));
  EXPECT_THAT(this->store().Create(reply, this->Key()).status(), HasReason("PARENT_NOT_FOUND"));
}

TYPED_TEST(CommentStoreContract, RoomsAreDiscussionsOfTheirOwn) {
  const Subject room = ChannelId("00000000-0000-7000-8000-0000000000c1");
  NewComment said = Written("in the room");
  said.subject = room;
  const auto created = this->store().Create(said, this->Key());
  ASSERT_THAT(created, IsOk());
  ASSERT_THAT(this->store().Create(Written("on the post"), this->Key()), IsOk());
  EXPECT_EQ(this->store().Get(created->id)->subject, room);
  EXPECT_THAT(this->Bodies({.subject = room}), ElementsAre("in the room"));
  EXPECT_THAT(this->Bodies({.subject = room, .flat = true}), ElementsAre("in the room"));
  EXPECT_THAT(this->Bodies({.subject = kPost}), ElementsAre("on the post"));
  EXPECT_EQ(this->store().Count(room).value(), 1);
  NewComment astray = Written("a reply from elsewhere");
  astray.parent_id = created->id;
  EXPECT_THAT(this->store().Create(astray, this->Key()).status(), HasReason("PARENT_NOT_FOUND"));
}

// Ids are unique among all things. Still, who names a post as a channel sees nothing of it.
TYPED_TEST(CommentStoreContract, AListIsOfPostsOrOfRooms) {
  ASSERT_THAT(this->store().Create(Written("on the post"), this->Key()), IsOk());
  const Subject room = ChannelId(kPost.value());
  EXPECT_THAT(this->Bodies({.subject = room}), IsEmpty());
  EXPECT_THAT(this->Bodies({.subject = room, .flat = true}), IsEmpty());
}

TYPED_TEST(CommentStoreContract, CountsWhatWasNotDeletedOfOneDiscussion) {
  const Subject room = ChannelId("00000000-0000-7000-8000-0000000000c1");
  EXPECT_EQ(this->store().Count(kPost).value(), 0);
  const auto first = this->store().Create(Written("first"), this->Key("k"));
  ASSERT_THAT(this->store().Create(Written("first"), this->Key("k")), IsOk());
  NewComment reply = Written("reply");
  reply.parent_id = first->id;
  ASSERT_THAT(this->store().Create(reply, this->Key()), IsOk());
  NewComment elsewhere = Written("in the room");
  elsewhere.subject = room;
  ASSERT_THAT(this->store().Create(elsewhere, this->Key()), IsOk());
  reply.parent_id = CommentId(NewUuid(kNoon));
  EXPECT_THAT(this->store().Create(reply, this->Key()).status(), HasReason("PARENT_NOT_FOUND"));
  EXPECT_EQ(this->store().Count(kPost).value(), 2) << "a reply is one, a repeat none";
  EXPECT_EQ(this->store().Count(room).value(), 1);

  const auto change = [&](const auto& how) { return this->store().Update(first->id, how); };
  ASSERT_THAT(change([](Comment& c) { return Edit(c, kAnna, "", "new", "new", kNoon); }), IsOk());
  EXPECT_EQ(this->store().Count(kPost).value(), 2);
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(change([](Comment& c) { return Delete(c, kAnna, "", kNoon); }), IsOk());
    EXPECT_EQ(this->store().Count(kPost).value(), 1) << "its reply stays";
  }
  EXPECT_EQ(this->store().Count(room).value(), 1);
}

TYPED_TEST(CommentStoreContract, AKnownNameStays) {
  NewComment comment = Written("first");
  ASSERT_THAT(this->store().Create(comment, this->Key()), IsOk());
  comment.id = CommentId(NewUuid(kNoon));
  comment.author_name = "Ann";  // from an identity, which may be old
  EXPECT_EQ(this->store().Create(comment, this->Key())->author_name, "Anna");
  EXPECT_EQ(this->store().Get(comment.id)->author_name, "Anna");
}

TYPED_TEST(CommentStoreContract, PagesByTimeThenId) {
  // Two share their time: the id decides, and no page loses or repeats one.
  for (const int second : {0, 1, 1, 2}) {
    ASSERT_THAT(this->store().Create(Written(std::to_string(second), kNoon + absl::Seconds(second)),
                                     this->Key()),
                IsOk());
  }
  for (const bool newest_first : {false, true}) {
    std::vector<std::string> bodies;
    CommentQuery query{.subject = kPost, .newest_first = newest_first, .limit = 1};
    for (auto page = this->store().List(query).value(); !page.empty();
         page = this->store().List(query).value()) {
      bodies.push_back(page[0].body);
      query.after = CommentCursor{page[0].create_time, page[0].id};
    }
    if (newest_first) {
      EXPECT_THAT(bodies, ElementsAre("2", "1", "1", "0"));
    } else {
      EXPECT_THAT(bodies, ElementsAre("0", "1", "1", "2"));
    }
  }
}

TYPED_TEST(CommentStoreContract, AnEditKeepsTheFormerTextsAndADeletionForgetsThem) {
  const auto created = this->store().Create(Written("one"), this->Key());
  const auto edit = [&](const std::string& body) {
    return this->store().Update(created->id, [&](Comment& comment) {
      return Edit(comment, kAnna, "", body, "<p>" + body + "</p>", kNoon + absl::Minutes(1));
    });
  };
  ASSERT_THAT(edit("two"), IsOk());
  ASSERT_THAT(edit("three"), IsOk());
  const auto revisions = this->store().ListRevisions(created->id).value();
  ASSERT_EQ(revisions.size(), 2u);
  EXPECT_EQ(revisions[0].body_html, "<p>two</p>");
  EXPECT_EQ(revisions[1].body_html, "<p>one</p>");
  EXPECT_EQ(revisions[1].create_time, kNoon);

  ASSERT_THAT(this->store().Update(created->id,
                                   [&](Comment& comment) {
                                     return Delete(comment, kAnna, "", kNoon + absl::Minutes(2));
                                   }),
              IsOk());
  EXPECT_THAT(this->store().ListRevisions(created->id).value(), IsEmpty());
  EXPECT_EQ(this->store().Count(kPost).value(), 0);
  EXPECT_TRUE(this->store().Get(created->id)->deleted());
}

TYPED_TEST(CommentStoreContract, FiftyFormerTextsAreKept) {
  const auto created = this->store().Create(Written("text 0"), this->Key());
  EditOften(this->store(), created->id, 52);
  const auto revisions = this->store().ListRevisions(created->id).value();
  ASSERT_EQ(revisions.size(), 50u);
  EXPECT_EQ(revisions.front().body_html, "<p>text 51</p>");
  EXPECT_EQ(revisions.back().body_html, "<p>text 2</p>");
}

TYPED_TEST(CommentStoreContract, AChangeThatIsRefusedChangesNothing) {
  const auto created = this->store().Create(Written("one"), this->Key());
  const auto refused = this->store().Update(created->id, [](Comment& comment) {
    comment.body = "half done";
    return absl::AbortedError("no");
  });
  EXPECT_THAT(refused.status(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(this->store().Get(created->id)->body, "one");
}

TYPED_TEST(CommentStoreContract, HostileTextComesBackAsItIs) {
  const std::string hostile = "'; DROP TABLE comments; -- \\ \" % \xF0\x9F\x98\x80 \xD8\xA7";
  const auto created = this->store().Create(Written(hostile), this->Key());
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(this->store().Get(created->id)->body, hostile);
}

// Events of the outbox, by type.
std::map<std::string, int> EventCounts(PgPool& pool) {
  return RunRead<std::map<std::string, int>>(
             pool,
             [](Transaction& tx) -> absl::StatusOr<std::map<std::string, int>> {
               std::map<std::string, int> counts;
               for (const pqxx::row& row : tx.exec("SELECT type FROM outbox")) {
                 ++counts[ReadText(row[0])];
               }
               return counts;
             })
      .value();
}

TEST(PostgresCommentStoreTest, TellsEachEffectOnce) {
  PostgresUnderTest under_test;
  NewComment comment{.id = CommentId(NewUuid(kNoon)),
                     .subject = kPost,
                     .author_id = kAnna,
                     .author_name = "Anna",
                     .body = "x",
                     .body_html = "x",
                     .create_time = kNoon};
  const IdempotencyKey key{
      .caller = "c", .method = "m", .request_id = "k", .request_hash = "h", .now = kNoon};
  ASSERT_THAT(under_test.store.Create(comment, key), IsOk());
  ASSERT_THAT(under_test.store.Create(comment, key), IsOk());
  const auto edit = [](Comment& c) { return Edit(c, kAnna, "", "y", "y", kNoon); };
  ASSERT_THAT(under_test.store.Update(comment.id, edit), IsOk());
  ASSERT_THAT(under_test.store.Update(comment.id, edit), IsOk());  // the same text again
  const auto counts = EventCounts(under_test.database.pool);
  EXPECT_EQ(counts.at(pb::CommentCreated::descriptor()->full_name()), 1);
  EXPECT_EQ(counts.at(pb::CommentChanged::descriptor()->full_name()), 1);
  EXPECT_THAT(under_test.metrics.Expose(),
              ::testing::HasSubstr("comments_created_total{subject=\"post\"} 1"));
}

TEST(PostgresCommentStoreTest, NoTextStaysInWhatWasTold) {
  PostgresUnderTest under_test;
  const CommentId id = WriteOne(under_test.store, "a text");
  const auto edit = [](Comment& c) {
    return Edit(c, kAnna, "", "a text too", "a text too", kNoon);
  };
  ASSERT_THAT(under_test.store.Update(id, edit), IsOk());
  const auto told = [&](const std::string& what) {
    return RunRead<int>(under_test.database.pool, [&](Transaction& tx) -> absl::StatusOr<int> {
      return tx
          .ExecOne("SELECT count(*) FROM outbox WHERE position($1::bytea IN payload) > 0",
                   SqlBytes(what))[0]
          .as<int>();
    });
  };
  EXPECT_THAT(told(id.value()), IsOkAndHolds(2));
  EXPECT_THAT(told("a text"), IsOkAndHolds(0));
}

TEST(PostgresCommentStoreTest, OlderTextsAreDeleted) {
  PostgresUnderTest under_test;
  const CommentId id = WriteOne(under_test.store, "text 0");
  EditOften(under_test.store, id, 60);
  EXPECT_THAT(RunRead<int>(under_test.database.pool,
                           [](Transaction& tx) -> absl::StatusOr<int> {
                             return tx.exec1("SELECT count(*) FROM comment_revisions")[0].as<int>();
                           }),
              IsOkAndHolds(50));
}

TEST(PostgresCommentStoreTest, SaysSoWhenTheDatabaseIsAway) {
  Metrics metrics;
  PgPool pool({.url = "postgresql:///none?host=/nowhere"}, metrics);
  OutboxSignal signal;
  PostgresCommentStore store(pool, signal, metrics);
  EXPECT_THAT(store.Get(CommentId(NewUuid(kNoon))).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum::comment
