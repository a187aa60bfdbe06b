#include "services/comment/comment_creation.h"

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "comment_migrations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/comment/postgres_comment_store.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/sql_error.h"
#include "services/common/trace/span.h"
#include "tests/support/in_parallel.h"
#include "tests/support/kept_spans.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::comment {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");
const PostId kPost("00000000-0000-7000-8000-000000000001");
const ChannelId kRoom("00000000-0000-7000-8000-0000000000c1");

// What single comments do is in comment_store_contract_test.cc.
class CreateCommentsTest : public ::testing::Test {
 protected:
  Creation Said(const std::string& body, const std::string& request_id = "") {
    return {.comment = {.id = CommentId(NewUuid(kNoon)),
                        .subject = kPost,
                        .author_id = kAnna,
                        .author_name = "Anna",
                        .body = body,
                        .body_html = "<p>" + body + "</p>",
                        .create_time = kNoon},
            .key = {.caller = "account:a",
                    .method = "CreateComment",
                    .request_id = request_id,
                    .request_hash = body,
                    .now = kNoon}};
  }
  Creation Reply(const std::string& body, const CommentId& parent_id) {
    Creation reply = Said(body);
    reply.comment.parent_id = parent_id;
    return reply;
  }
  std::vector<absl::StatusOr<CreatedComment>> Together(const std::vector<Creation>& wanted) {
    using Results = std::vector<absl::StatusOr<CreatedComment>>;
    return RunTx<Results>(database_.pool,
                          [&](Transaction& tx) -> absl::StatusOr<Results> {
                            return CreateComments(tx, wanted);
                          })
        .value();
  }
  std::vector<std::string> Column(const std::string& sql) {
    return RunRead<std::vector<std::string>>(
               database_.pool,
               [&](Transaction& tx) -> absl::StatusOr<std::vector<std::string>> {
                 std::vector<std::string> values;
                 for (const pqxx::row& row : tx.exec(sql)) values.push_back(ReadText(row[0]));
                 return values;
               })
        .value();
  }

  void Rename(const AccountId& account_id, const std::string& display_name) {
    EXPECT_THAT(RunTx(database_.pool,
                      [&](Transaction& tx) -> absl::Status {
                        RenameCommenter(tx, account_id, display_name);
                        return absl::OkStatus();
                      }),
                IsOk());
  }

  TestDatabase database_{MigrationsOf("comment", migrations::Files())};
  OutboxSignal signal_;
  Metrics metrics_;
  PostgresCommentStore store_{database_.pool, signal_, metrics_};
};

TEST_F(CreateCommentsTest, AddsUpWhatTheyShare) {
  const auto first = Together({Said("first"), Said("second")});
  const CommentId parent = first[0]->comment.id;
  Creation in_room = Said("in the room");
  in_room.comment.subject = kRoom;
  in_room.comment.author_id = kBert;
  in_room.comment.author_name = "Bert";
  const auto more = Together({Reply("a", parent), in_room, Reply("b", parent)});
  ASSERT_THAT(more[1], IsOk());
  EXPECT_EQ(more[1]->comment.subject, Subject(kRoom));
  EXPECT_EQ(more[1]->comment.author_name, "Bert");
  EXPECT_EQ(more[2]->comment.body, "b");
  EXPECT_EQ(more[2]->comment.depth, 1);
  EXPECT_EQ(store_.Get(parent)->reply_count, 2);
  EXPECT_EQ(store_.Count(kPost).value(), 4);
  EXPECT_EQ(store_.Count(kRoom).value(), 1);
}

TEST_F(CreateCommentsTest, ANewNameShowsOnEarlierComments) {
  const auto written = Together({Said("before")});
  Rename(kAnna, "Anne");
  EXPECT_EQ(store_.Get(written[0]->comment.id)->author_name, "Anne");
}

// The identity of somebody who comments for the first time may hold the former name.
TEST_F(CreateCommentsTest, ANameThatWasToldIsTakenBeforeTheIdentitys) {
  Rename(kAnna, "Anne");
  EXPECT_EQ(Together({Said("first")})[0]->comment.author_name, "Anne");
}

TEST_F(CreateCommentsTest, WhatIsWrongWithOneIsNoOthersMatter) {
  const auto known = Together({Said("known", "k")});
  const auto results = Together({Said("good"), Reply("astray", CommentId(NewUuid(kNoon))),
                                 Said("known", "k"), Said("other text", "k"), Said("as good")});
  EXPECT_TRUE(results[0]->fresh);
  EXPECT_THAT(results[1].status(), HasReason("PARENT_NOT_FOUND"));
  EXPECT_EQ(results[2]->comment.id, known[0]->comment.id);
  EXPECT_FALSE(results[2]->fresh);
  EXPECT_THAT(results[3].status(), HasViolation("request_id"));
  EXPECT_TRUE(results[4]->fresh);
  EXPECT_EQ(store_.Count(kPost).value(), 3);
}

TEST_F(CreateCommentsTest, ATraceShowsThatTheDatabaseIsAway) {
  KeptSpans kept;
  const TraceContext request =
      TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
  const ScopedTrace bound(request);
  PgPool away({.url = "host=/nowhere"}, metrics_);
  PostgresCommentStore store(away, signal_, metrics_);
  const Creation said = Said("unheard");
  EXPECT_THAT(store.Create(said.comment, said.key).status(),
              StatusIs(absl::StatusCode::kUnavailable));
  const auto spans = kept.Take();
  ASSERT_FALSE(spans.empty());
  EXPECT_EQ(spans.back()->name, "comment_store.Create");
  EXPECT_TRUE(spans.back()->failed);
  EXPECT_EQ(spans.back()->error, "UNAVAILABLE");
}

TEST_F(CreateCommentsTest, ATraceOfACommentThatIsRefusedIsGood) {
  KeptSpans kept;
  const TraceContext request =
      TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
  const ScopedTrace bound(request);
  const Creation astray = Reply("astray", CommentId(NewUuid(kNoon)));
  EXPECT_THAT(store_.Create(astray.comment, astray.key).status(), HasReason("PARENT_NOT_FOUND"));
  const auto spans = kept.Take();
  ASSERT_FALSE(spans.empty());
  EXPECT_EQ(spans.back()->name, "comment_store.Create");
  EXPECT_FALSE(spans.back()->failed);
}

TEST_F(CreateCommentsTest, ARequestThatFailedMayBeMadeAgain) {
  Creation astray = Reply("astray", CommentId(NewUuid(kNoon)));
  astray.key.request_id = "k";
  EXPECT_THAT(Together({astray})[0].status(), HasReason("PARENT_NOT_FOUND"));
  EXPECT_THAT(Column("SELECT request_id FROM idempotency"), IsEmpty());
}

TEST_F(CreateCommentsTest, ARepeatIsToldWhatWasMadeThoughItsParentIsGone) {
  const CommentId parent = Together({Said("parent")})[0]->comment.id;
  Creation reply = Reply("reply", parent);
  reply.key.request_id = "k";
  const auto first = Together({reply});
  ASSERT_THAT(store_.Update(parent, [](Comment& c) { return Delete(c, kAnna, "", kNoon); }),
              IsOk());
  EXPECT_EQ(Together({reply})[0]->comment.id, first[0]->comment.id);
}

TEST_F(CreateCommentsTest, TheSameRequestTwiceMakesOne) {
  const auto results = Together({Said("once", "k"), Said("once", "k"), Said("once", "k")});
  ASSERT_THAT(results, Each(IsOk()));
  EXPECT_EQ(results[0]->comment.id, results[2]->comment.id);
  EXPECT_EQ(results[0]->fresh + results[1]->fresh + results[2]->fresh, 1);
  EXPECT_EQ(store_.Count(kPost).value(), 1);
}

TEST_F(CreateCommentsTest, EachEventBelongsToTheTraceOfItsRequest) {
  Creation traced = Said("traced");
  traced.trace = TraceContext::Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "");
  Together({Said("quiet"), traced, Said("quiet too")});
  EXPECT_THAT(Column("SELECT traceparent FROM outbox ORDER BY id"),
              ElementsAre("", ::testing::HasSubstr("0af7651916cd43dd8448eb211c80319c"), ""));
}

TEST_F(CreateCommentsTest, AParentThatIsHeldKeepsOnlyItsOwnRepliesBack) {
  const Creation parent = Said("parent");
  ASSERT_THAT(store_.Create(parent.comment, parent.key), IsOk());
  constexpr int kReplies = 12;  // each for itself would take longer than the others may wait
  constexpr int kOthers = 6;
  const auto write = [&](int i) {
    Creation said = Said("said", std::to_string(i));
    if (i < kReplies) said.comment.parent_id = parent.comment.id;
    const absl::Status status = store_.Create(said.comment, said.key).status();
    if (i < kReplies) {
      EXPECT_THAT(status, HasReason(kRowLocked));
    } else {
      EXPECT_THAT(status, IsOk());
    }
  };
  const absl::Status held = RunTx(database_.pool, [&](Transaction& tx) -> absl::Status {
    tx.Exec("SELECT 1 FROM comments WHERE comment_id = $1 FOR UPDATE", parent.comment.id.value());
    InParallel(kReplies + kOthers, write);
    return absl::OkStatus();
  });
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(store_.Count(kPost).value(), 1 + kOthers) << "nothing of the replies was kept";
  const Creation reply = Reply("reply", parent.comment.id);
  EXPECT_THAT(store_.Create(reply.comment, reply.key), IsOk());
}

// The database refuses comments that say "refuse <SQLSTATE>", and with them all that are written
// in the same transaction.
class RefusedCommentTest : public CreateCommentsTest {
 protected:
  RefusedCommentTest() {
    Execute(database_.pool, R"sql(
      CREATE SEQUENCE refusals;
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF new.body LIKE 'refuse %' THEN
          PERFORM nextval('refusals');
          RAISE EXCEPTION 'refused' USING errcode = split_part(new.body, ' ', 2);
        END IF;
        RETURN new;
      END $$;
      CREATE TRIGGER refusing BEFORE INSERT ON comments
        FOR EACH ROW EXECUTE FUNCTION refuse();)sql");
  }

  bool SomebodyWaits() { return !Column("SELECT pid FROM pg_locks WHERE NOT granted").empty(); }
  // Writes the comments at once, all but the first in one batch: the first waits meanwhile.
  std::vector<absl::Status> WriteAtOnce(const std::vector<Creation>& wanted) {
    return WriteAtOnce(store_, wanted, absl::ZeroDuration());
  }
  // The first waits for at least `held_for`.
  std::vector<absl::Status> WriteAtOnce(PostgresCommentStore& store,
                                        const std::vector<Creation>& wanted,
                                        absl::Duration held_for) {
    std::vector<absl::Status> outcomes(wanted.size());
    std::atomic<size_t> begun = 0, ended = 0;
    std::vector<std::thread> writers;
    const auto write = [&](size_t i) {
      const ScopedTrace bound(wanted[i].trace);
      ++begun;
      outcomes[i] = store.Create(wanted[i].comment, wanted[i].key).status();
      ++ended;
    };
    const absl::Status held = RunTx(database_.pool, [&](Transaction& tx) -> absl::Status {
      tx.Exec("SELECT 1 FROM discussions WHERE post_id = $1 FOR UPDATE", kPost.value());
      writers.emplace_back(write, 0);
      while (!SomebodyWaits() && ended == 0) std::this_thread::yield();
      for (size_t i = 1; i < wanted.size(); ++i) writers.emplace_back(write, i);
      while (begun < wanted.size()) std::this_thread::yield();
      absl::SleepFor(held_for);
      return absl::OkStatus();
    });
    EXPECT_THAT(held, IsOk());
    for (std::thread& writer : writers) writer.join();
    return outcomes;
  }
};

TEST_F(RefusedCommentTest, WhatTheDatabaseRefusesKeepsNoOthersBack) {
  const Creation parent = Said("parent");
  ASSERT_THAT(store_.Create(parent.comment, parent.key), IsOk());
  const std::pair<const char*, absl::StatusCode> refusals[] = {
      {"23505", absl::StatusCode::kAlreadyExists},
      {"23503", absl::StatusCode::kFailedPrecondition},
      {"23514", absl::StatusCode::kInvalidArgument},
      {"XX000", absl::StatusCode::kInternal}};
  int written = 1;
  for (const auto& [state, code] : refusals) {
    const std::string refused = absl::StrCat("refuse ", state);
    const std::vector<absl::Status> outcomes =
        WriteAtOnce({Said("first"), Said("good"), Said(refused),
                     Reply("as good", parent.comment.id), Reply(refused, parent.comment.id)});
    EXPECT_THAT(outcomes, ElementsAre(IsOk(), IsOk(), StatusIs(code), IsOk(), StatusIs(code)))
        << state;
    written += 3;
    EXPECT_EQ(store_.Count(kPost).value(), written);
  }
  EXPECT_EQ(store_.Get(parent.comment.id)->reply_count, 4);
}

TEST_F(RefusedCommentTest, ATraceLeadsToTheTransactionOfAnother) {
  const Creation earlier = Said("earlier");  // makes the row that is held
  ASSERT_THAT(store_.Create(earlier.comment, earlier.key), IsOk());
  KeptSpans kept;
  std::vector<Creation> wanted = {Said("alone"), Said("first"), Said("second")};
  for (Creation& said : wanted) {
    said.trace = TraceContext::Continue("", "");
    said.trace.sampled = true;
  }
  // A writer that comes too late for the batch of the other fails the test.
  for (const absl::Status& status : WriteAtOnce(store_, wanted, absl::Milliseconds(500))) {
    EXPECT_THAT(status, IsOk());
  }
  // The trace of each Create, and of what it leads to.
  std::map<std::string, std::string> led;
  for (const auto& span : kept.Take()) {
    if (span->name != "comment_store.Create") continue;
    led[span->context.trace_id] = span->links.empty() ? "" : span->links[0].trace_id;
  }
  ASSERT_EQ(led.size(), 3u);
  EXPECT_EQ(led[wanted[0].trace.trace_id], "");
  const std::string& first = wanted[1].trace.trace_id;
  const std::string& second = wanted[2].trace.trace_id;
  EXPECT_TRUE((led[first] == second && led[second].empty()) ||
              (led[second] == first && led[first].empty()))
      << led[first] << " and " << led[second];
}

// It would only make a database that is short of something still shorter of it.
TEST_F(RefusedCommentTest, WhatIsNobodysFaultIsNotTriedAgain) {
  const Creation parent = Said("parent");
  ASSERT_THAT(store_.Create(parent.comment, parent.key), IsOk());
  const std::vector<absl::Status> outcomes =
      WriteAtOnce({Said("first"), Said("refuse 53100"), Said("good"), Said("as good")});
  EXPECT_THAT(outcomes[0], IsOk());
  EXPECT_THAT(outcomes[1], StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Column("SELECT last_value FROM refusals"), ElementsAre("1"));
}

TEST_F(RefusedCommentTest, WhatCannotBeWrittenInTimeIsRefusedAndTheRestWritten) {
  const Creation earlier = Said("earlier");  // makes the row that is held
  ASSERT_THAT(store_.Create(earlier.comment, earlier.key), IsOk());
  // After a batch that took longer than it may, the next one is as short as they get.
  PostgresCommentStore store(database_.pool, signal_, metrics_, BatchSize(absl::Milliseconds(100)));
  std::vector<Creation> wanted = {Said("first")};
  for (int i = 0; i < 10; ++i) wanted.push_back(Said(absl::StrCat("comment ", i)));
  const std::vector<absl::Status> outcomes = WriteAtOnce(store, wanted, absl::Milliseconds(200));
  EXPECT_THAT(outcomes[0], IsOk());
  // Six, unless a writer came too late for this batch.
  EXPECT_THAT(outcomes, Contains(HasReason(kDatabaseBusy)).Times(AllOf(Ge(1), Le(6))));
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto stored = store.Get(wanted[i].comment.id);
    ASSERT_EQ(stored.ok(), outcomes[i].ok()) << i;
    if (stored.ok()) {
      EXPECT_EQ(stored->body, wanted[i].comment.body);
    }
  }
}

// As two replicas do, each with its own batches.
TEST_F(CreateCommentsTest, TwoReplicasShareKeysAndParents) {
  const Creation parent = Said("parent");
  ASSERT_THAT(store_.Create(parent.comment, parent.key), IsOk());
  PostgresCommentStore other(database_.pool, signal_, metrics_);
  constexpr int kWriters = 8;
  constexpr int kEach = 10;
  InParallel(kWriters, [&](int i) {
    PostgresCommentStore& store = i % 2 == 0 ? store_ : other;
    for (int n = 0; n < kEach; ++n) {
      Creation wanted = Reply("a reply", parent.comment.id);
      wanted.key.request_id = std::to_string(n);  // the same of all writers
      absl::StatusOr<Comment> made = store.Create(wanted.comment, wanted.key);
      for (int again = 0; again < 20 && !made.ok(); ++again) {
        made = store.Create(wanted.comment, wanted.key);
      }
      EXPECT_THAT(made, IsOk());
    }
  });
  EXPECT_EQ(store_.Count(kPost).value(), 1 + kEach);
  EXPECT_EQ(store_.Get(parent.comment.id)->reply_count, kEach);
}

TEST_F(CreateCommentsTest, ManyWritersAtOnceLoseNothing) {
  constexpr int kWriters = 16;
  constexpr int kEach = 20;
  InParallel(kWriters, [&](int i) {
    for (int n = 0; n < kEach; ++n) {
      const Creation wanted = Said("a comment", std::to_string(i) + "-" + std::to_string(n));
      EXPECT_THAT(store_.Create(wanted.comment, wanted.key), IsOk());
      EXPECT_EQ(store_.Create(wanted.comment, wanted.key)->id, wanted.comment.id);
    }
  });
  EXPECT_EQ(store_.Count(kPost).value(), kWriters * kEach);
  EXPECT_EQ(Column("SELECT event_id FROM outbox").size(), size_t{kWriters * kEach});
}

}  // namespace
}  // namespace rostrum::comment
