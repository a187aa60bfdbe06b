#include "services/content/view_counter.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/content/worlds.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/redis_server.h"

namespace rostrum::content {
namespace {

const CounterFamily kViews{"views_total", "Views that were counted."};

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const PostId kPost("00000000-0000-7000-8000-000000000001");
const PostId kOther("00000000-0000-7000-8000-000000000002");
const absl::Duration kAnyAge = -absl::InfiniteDuration();

Reader Member(const AccountId& id) { return {.account_id = id, .network = "net"}; }
Reader Visitor(const std::string& pass, bool fresh = false, const std::string& network = "net") {
  return {.visitor = {.id = pass, .secret = "the secret", .fresh = fresh}, .network = network};
}

class ViewCounterTest : public ::testing::Test {
 protected:
  explicit ViewCounterTest(absl::Duration redis_timeout = absl::Seconds(10))
      : redis_(/*persistent=*/false, redis_timeout) {}

  // "views unique" of a post as settled.
  std::string Settled(const PostId& post = kPost) {
    const auto found = world_.Query(
        "SELECT view_count || ' ' || unique_view_count FROM post_views WHERE post_id = '" +
        post.value() + "'");
    return found.empty() ? "none" : found[0];
  }
  std::vector<std::string> Keys(const std::string& pattern) {
    std::vector<std::string> keys;
    const auto reply = redis_.redis.Command({"KEYS", pattern}).value();
    for (const RedisReply& element : reply.elements) keys.push_back(element.text);
    return keys;
  }
  std::unique_ptr<ViewCounter> NewCounter() {
    return std::make_unique<ViewCounter>(redis_.redis, world_.database.pool, clock_, metrics_);
  }
  double Counted() { return metrics_.Counter(kViews).Value(); }
  // A batch that another process has cut off and left.
  void LeaveBatch(const std::string& id, int views) {
    ASSERT_THAT(
        redis_.redis.Command({"HSET", "{views}:batch:" + id, kPost.value(), std::to_string(views)}),
        IsOk());
    ASSERT_THAT(redis_.redis.Command({"SADD", "{views}:batches", id}), IsOk());
  }
  // Redis fails at once for a moment after it was away.
  void AwaitRedis() {
    for (int i = 0; i < 500 && !redis_.redis.Ping(); ++i) absl::SleepFor(absl::Milliseconds(10));
    ASSERT_TRUE(redis_.redis.Ping());
  }

  PostgresWorld world_;
  TestRedis redis_;
  FakeClock clock_{kNoon};
  Metrics metrics_;
  ViewCounter counter_{redis_.redis, world_.database.pool, clock_, metrics_};
};

TEST_F(ViewCounterTest, AddsUpViewsAndReaders) {
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Count({{kPost, Member(kBert)}});
  counter_.Count({{kOther, Member(kAnna)}});
  EXPECT_EQ(Settled(), "none");
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "3 2");
  EXPECT_EQ(Settled(kOther), "1 1");
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());  // nothing is new
  EXPECT_EQ(Settled(), "3 2");
  counter_.Count({{kPost, Member(kBert)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "4 2");
  EXPECT_EQ(Counted(), 5);
}

TEST_F(ViewCounterTest, AReaderIsAnAccountElseAPassElseANetwork) {
  counter_.Count({{kPost, Visitor("pass-1")}});
  counter_.Count({{kPost, Visitor("pass-1", false, "another net")}});  // the same
  counter_.Count({{kPost, Visitor("pass-2")}});
  counter_.Count({{kPost, Visitor("pass-3", /*fresh=*/true, "net-f")}});  // may never come back
  counter_.Count({{kPost, Visitor("pass-4", /*fresh=*/true, "net-f")}});  // the same network
  counter_.Count({{kPost, {.network = "net-f"}}});                        // no pass at all
  Reader signed_in = Visitor("pass-2");
  signed_in.account_id = kAnna;
  counter_.Count({{kPost, signed_in}});
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "8 4");
}

TEST_F(ViewCounterTest, WhoReadsOnTwoDaysCountsTwice) {
  counter_.Count({{kPost, Member(kAnna)}});
  clock_.Advance(absl::Hours(24));
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());  // a batch from both sides of midnight
  EXPECT_EQ(Settled(), "2 2");
  EXPECT_THAT(world_.Query("SELECT day || ' ' || readers FROM post_readers ORDER BY day"),
              ElementsAre("2023-11-14 1", "2023-11-15 1"));
}

TEST_F(ViewCounterTest, ParallelViewsAllCount) {
  InParallel(8, [&](int i) {
    for (int j = 0; j < 50; ++j) {
      counter_.Count({{kPost, Visitor("pass-" + std::to_string(i))}});
      if (j % 10 == 0) {
        EXPECT_THAT(counter_.Settle(kAnyAge), IsOk());
      }
    }
  });
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "400 8");
}

// A batch that Redis lost again within its last second would be counted twice.
TEST_F(ViewCounterTest, ABatchIsSettledWhenRedisHasSurelyKeptIt) {
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(), IsOk());
  EXPECT_EQ(Settled(), "none");
  EXPECT_THAT(Keys("{views}:batch:*"), SizeIs(1));
  clock_.Advance(absl::Milliseconds(2'900));
  counter_.Count({{kPost, Member(kBert)}});
  ASSERT_THAT(counter_.Settle(), IsOk());
  EXPECT_EQ(Settled(), "none");
  clock_.Advance(absl::Milliseconds(100));
  ASSERT_THAT(counter_.Settle(), IsOk());
  // The first only, and with it every reader so far.
  EXPECT_EQ(Settled(), "1 2");
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "2 2");
}

TEST_F(ViewCounterTest, TwoProcessesSettleTheSameBatchOnce) {
  const auto other = NewCounter();
  for (int round = 0; round < 10; ++round) {
    LeaveBatch(NewUuid(kNoon), 3);
    counter_.Count({{kPost, Member(kAnna)}});
    InParallel(
        4, [&](int i) { EXPECT_THAT((i % 2 == 0 ? counter_ : *other).Settle(kAnyAge), IsOk()); });
  }
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "40 1");
  EXPECT_THAT(Keys("{views}:batch*"), IsEmpty());
}

TEST_F(ViewCounterTest, ACrashBetweenCommitAndCleaningUpDoublesNothing) {
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  const std::string batch = world_.Query("SELECT batch_id FROM view_flush").at(0);
  LeaveBatch(batch, 1);  // as if the process had died before it was deleted
  ASSERT_THAT(NewCounter()->Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "1 1");
  EXPECT_THAT(Keys("{views}:batch*"), IsEmpty());
}

TEST_F(ViewCounterTest, WhatAnotherProcessLeftIsSettled) {
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Flush();
  LeaveBatch(NewUuid(kNoon), 5);
  ASSERT_THAT(NewCounter()->Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "6 1");
  EXPECT_THAT(Keys("{views}:batch*"), IsEmpty());
  EXPECT_THAT(Keys("{views}:current"), IsEmpty());
}

TEST_F(ViewCounterTest, WhatIsNoCountIsIgnored) {
  const std::string batch = NewUuid(kNoon);
  LeaveBatch(batch, 2);
  ASSERT_THAT(redis_.redis.Command({"HSET", "{views}:batch:" + batch, "'; DROP TABLE posts", "1",
                                    kOther.value(), "many"}),
              IsOk());
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "2 0");
  EXPECT_EQ(Settled(kOther), "none");
}

TEST_F(ViewCounterTest, ViewsWaitInMemoryWhileRedisIsAway) {
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  redis_.server.Stop();  // and all that it knew is gone
  counter_.Count({{kPost, Member(kBert)}});
  counter_.Count({{kPost, Member(kBert)}});
  counter_.Count({{kOther, Member(kBert)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());  // there is nothing to settle
  EXPECT_EQ(Settled(), "1 1");
  redis_.server.Start();
  AwaitRedis();
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "3 1");  // the reader was not counted
  EXPECT_EQ(Settled(kOther), "1 0");
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "3 1");
}

TEST_F(ViewCounterTest, AStopWhileRedisIsAwayLosesNoView) {
  redis_.server.Stop();
  auto counter = NewCounter();
  counter->Count({{kPost, Member(kBert)}});
  counter->Count({{kPost, Member(kAnna)}, {kOther, Member(kAnna)}});
  ASSERT_THAT(counter->Settle(kAnyAge), IsOk());
  ASSERT_THAT(counter->SettlePending(), IsOk());
  EXPECT_EQ(Settled(), "2 0");
  EXPECT_EQ(Settled(kOther), "1 0");
  ASSERT_THAT(counter->SettlePending(), IsOk());
  redis_.server.Start();
  AwaitRedis();
  ASSERT_THAT(counter->Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "2 0") << "each once";
}

TEST_F(ViewCounterTest, ViewsOfManyPostsWaitForRedis) {
  redis_.server.Stop();
  std::vector<ViewCounter::View> views;
  for (int i = 0; i < 450; ++i) views.push_back({PostId(NewUuid(kNoon)), Member(kAnna)});
  counter_.Count(std::move(views));
  for (int i = 0; i < 2; ++i) ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  redis_.server.Start();
  AwaitRedis();
  for (int i = 0; i < 2; ++i) ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_THAT(world_.Query("SELECT count(*) || ' ' || sum(view_count) FROM post_views"),
              ElementsAre("450 450"));
}

class ImpatientViewCounterTest : public ViewCounterTest {
 protected:
  ImpatientViewCounterTest() : ViewCounterTest(absl::Milliseconds(250)) {}
};

// Redis carries out what it was sent as soon as it goes on.
TEST_F(ImpatientViewCounterTest, NoViewIsDoubledByARedisThatAnswersTooLate) {
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Flush();
  redis_.server.Pause();
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Flush();  // waits for an answer in vain
  counter_.Count({{kPost, Member(kAnna)}});
  redis_.server.Resume();
  AwaitRedis();
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_THAT(Settled(), AnyOf("3 1", "2 1", "1 1"));
}

TEST_F(ViewCounterTest, ViewsReachRedisSoonWithoutASettlement) {
  counter_.Count({{kPost, Member(kAnna)}, {kPost, Member(kBert)}, {kOther, Member(kBert)}});
  const auto current = [this] { return redis_.redis.Command({"HVALS", "{views}:current"}); };
  for (int i = 0; i < 1'000 && current()->elements.size() < 2; ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  ASSERT_EQ(current()->elements.size(), 2u);
  EXPECT_EQ(Settled(), "none");
}

TEST_F(ViewCounterTest, WhatWaitsIsCountedWhenTheProcessEnds) {
  auto counter = NewCounter();
  // One after the other: some are on their way when it ends, whenever that is.
  for (int i = 0; i < 100; ++i) counter->Count({{kPost, Member(kAnna)}});
  counter = nullptr;
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "100 1");
}

TEST_F(ViewCounterTest, MoreThanCanWaitAreCountedWithoutTheirReaders) {
  std::string settled;
  for (int tries = 0; tries < 20 && settled != "10002 1"; ++tries) {
    const PostId post(NewUuid(kNoon));
    counter_.Count(std::vector<ViewCounter::View>(10'001, {post, Member(kAnna)}));
    counter_.Count({{post, Member(kBert)}});
    ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
    settled = Settled(post);
    // Bert is the one too many, unless Anna's ten thousand were on their way already.
    EXPECT_THAT(settled, AnyOf("10002 1", "10002 2"));
  }
  EXPECT_EQ(settled, "10002 1");
}

TEST_F(ViewCounterTest, ManyPostsAndReadersOfAMomentAreAllCounted) {
  std::vector<ViewCounter::View> views;
  for (int reader = 0; reader < 150; ++reader) {
    const AccountId account(NewUuid(kNoon));
    for (const PostId& post : {kPost, PostId(NewUuid(kNoon))}) {
      views.push_back({post, Member(account)});
    }
  }
  counter_.Count(std::move(views));
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  // A sketch estimates: within a few in a hundred.
  const std::vector<std::string> both = absl::StrSplit(Settled(), ' ');
  EXPECT_EQ(both.at(0), "150");
  EXPECT_NEAR(std::stoi(both.at(1)), 150, 5);
}

TEST_F(ViewCounterTest, ASketchThatWasLostTakesNothingAway) {
  for (const AccountId& id : {kAnna, kBert}) counter_.Count({{kPost, Member(id)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  ASSERT_THAT(redis_.redis.Command({"FLUSHALL"}), IsOk());
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "3 2");
}

TEST_F(ViewCounterTest, ViewsWaitInRedisWhileTheDatabaseIsAway) {
  Metrics metrics;
  PgPool nowhere({.url = "postgresql:///none?host=/nowhere"}, metrics);
  ViewCounter cut_off(redis_.redis, nowhere, clock_, metrics);
  cut_off.Count({{kPost, Member(kAnna)}});
  EXPECT_THAT(cut_off.Settle(kAnyAge), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(cut_off.Settle(kAnyAge), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "1 1");
}

TEST_F(ViewCounterTest, NothingInRedisTellsWhoRead) {
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Count({{kPost, Visitor("the-pass-id")}});
  counter_.Count({{kPost, {.network = "the-network"}}});
  counter_.Flush();
  std::string everything;
  for (const std::string& key : Keys("*")) {
    const auto dump = redis_.redis.Command({"DUMP", key});
    ASSERT_THAT(dump, IsOk());
    everything += key + dump->text;
  }
  ASSERT_THAT(everything, HasSubstr(kPost.value()));
  for (const std::string& who : {kAnna.value(), std::string("the-pass-id"),
                                 std::string("the-network"), std::string("the secret")}) {
    EXPECT_THAT(everything, Not(HasSubstr(who)));
  }
}

// A database that is away for days keeps batches waiting.
TEST_F(ViewCounterTest, ReadersAreThoseOfTheDayOfTheBatch) {
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(), IsOk());
  clock_.Advance(absl::Hours(72));
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_THAT(world_.Query("SELECT day || ' ' || readers FROM post_readers"),
              ElementsAre("2023-11-14 1"));
}

TEST_F(ViewCounterTest, ReadersOfANewDayAreForgottenThoughTheirBatchIsOlder) {
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Flush();
  clock_.Advance(absl::Hours(24));
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  const std::string sketch = "{views}:readers:2023-11-15:" + kPost.value();
  EXPECT_GT(redis_.redis.Command({"TTL", sketch})->integer, 47 * 3600);
}

TEST_F(ViewCounterTest, ReadersAndTheirKeyAreForgottenAfterTwoDays) {
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Flush();
  const std::vector<std::string> keys = {"{views}:salt:2023-11-14",
                                         "{views}:readers:2023-11-14:" + kPost.value()};
  for (const std::string& key : keys) {
    const int64_t seconds = redis_.redis.Command({"TTL", key})->integer;
    EXPECT_GT(seconds, 47 * 3600) << key;
    EXPECT_LE(seconds, 48 * 3600) << key;
  }
  EXPECT_EQ(redis_.redis.Command({"STRLEN", keys[0]})->integer, 32);
  // The next day has another key.
  const std::string salt = redis_.redis.Command({"GET", keys[0]})->text;
  clock_.Advance(absl::Hours(24));
  counter_.Count({{kPost, Member(kAnna)}});
  counter_.Flush();
  EXPECT_NE(redis_.redis.Command({"GET", "{views}:salt:2023-11-15"})->text, salt);
}

TEST_F(ViewCounterTest, ProcessesShareTheKeyOfTheDay) {
  counter_.Count({{kPost, Member(kAnna)}});
  NewCounter()->Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  EXPECT_EQ(Settled(), "2 1");
}

TEST_F(ViewCounterTest, OldBatchesAndDaysArePurged) {
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  const auto purge = [&](absl::Time now) {
    ASSERT_THAT(PurgeViews(world_.database.pool, now), IsOk());
  };
  purge(kNoon + absl::Hours(24 * 6));
  EXPECT_EQ(world_.Query("SELECT batch_id FROM view_flush").size(), 1u);
  purge(kNoon + absl::Hours(24 * 8));
  EXPECT_THAT(world_.Query("SELECT batch_id FROM view_flush"), IsEmpty());
  EXPECT_EQ(world_.Query("SELECT day FROM post_readers").size(), 1u);
  purge(kNoon + absl::Hours(24 * 33));
  EXPECT_THAT(world_.Query("SELECT day FROM post_readers"), IsEmpty());
  EXPECT_EQ(Settled(), "1 1");
}

TEST_F(ViewCounterTest, WhatCannotBePurgedKeepsNothingElse) {
  counter_.Count({{kPost, Member(kAnna)}});
  ASSERT_THAT(counter_.Settle(kAnyAge), IsOk());
  world_.Execute("CREATE RULE stay AS ON DELETE TO view_flush DO INSTEAD SELECT 1/0");
  EXPECT_FALSE(PurgeViews(world_.database.pool, kNoon + absl::Hours(24 * 33)).ok());
  EXPECT_THAT(world_.Query("SELECT day FROM post_readers"), IsEmpty());
}

}  // namespace
}  // namespace rostrum::content
