#include <atomic>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/subscription/meter.h"
#include "tests/services/subscription/fakes.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/in_parallel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/redis_server.h"

namespace rostrum::subscription {
namespace {

constexpr MeterSettings kSettings{.fresh_passes_per_network = 3};

PostId Post(int number) {
  return PostId("00000000-0000-7000-8000-00000000000" + std::to_string(number));
}

struct RedisUnderTest {
  TestRedis redis;
  RedisMeter meter{redis.redis, kSettings};
};
struct FakeUnderTest {
  FakeMeter meter{kSettings};
};

// What every Meter does, the real one and the fake.
template <class UnderTest>
class MeterContract : public ::testing::Test {
 protected:
  bool Read(const VisitorPass& pass, int post) {
    return under_test_.meter.Read(pass, Post(post), "net").value().granted;
  }
  UnderTest under_test_;
};
using Meters = ::testing::Types<FakeUnderTest, RedisUnderTest>;
TYPED_TEST_SUITE(MeterContract, Meters);

TYPED_TEST(MeterContract, FiveDifferentPostsAreFreeAndOneTwiceCountsOnce) {
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  for (int post = 1; post <= 5; ++post) {
    EXPECT_TRUE(this->Read(pass, post));
    EXPECT_TRUE(this->Read(pass, post));
  }
  EXPECT_FALSE(this->Read(pass, 6));
  EXPECT_FALSE(this->Read(pass, 6));
  EXPECT_TRUE(this->Read(pass, 1)) << "what was read stays open";
  const MeterReading look = this->under_test_.meter.Look(pass).value();
  EXPECT_EQ(look.used, 5);
  EXPECT_GT(look.period_left, absl::Hours(24 * 29));
}

TYPED_TEST(MeterContract, ReadsTogetherAreAsReadsOneByOne) {
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  const VisitorPass other = GrpcTestServer::NewVisitor();
  std::vector<MeterRead> reads;
  for (int post : {1, 1, 2, 3, 4, 5, 6}) reads.push_back({pass, Post(post), "net"});
  reads.push_back({other, Post(6), "net"});
  const auto readings = this->under_test_.meter.ReadAll(reads);
  ASSERT_THAT(readings, IsOk());
  ASSERT_EQ(readings->size(), reads.size());
  const std::vector<int> used = {1, 1, 2, 3, 4, 5, 5, 1};
  for (size_t i = 0; i < reads.size(); ++i) {
    EXPECT_EQ((*readings)[i].granted, i != 6) << i;
    EXPECT_EQ((*readings)[i].used, used[i]) << i;
  }
  EXPECT_THAT(*this->under_test_.meter.ReadAll({}), ::testing::IsEmpty());
}

TYPED_TEST(MeterContract, EachOfManyVisitorsGetsAnAnswerOfItsOwn) {
  std::vector<MeterRead> reads;
  for (int visitor = 0; visitor < 30; ++visitor) {
    const VisitorPass pass = GrpcTestServer::NewVisitor();
    for (int post = 0; post <= visitor % 4; ++post) reads.push_back({pass, Post(post), ""});
  }
  ASSERT_THAT(this->under_test_.meter.ReadAll(reads), IsOk());
  const auto again = this->under_test_.meter.ReadAll(reads);
  ASSERT_THAT(again, IsOk());
  size_t at = 0;
  for (int visitor = 0; visitor < 30; ++visitor) {
    for (int post = 0; post <= visitor % 4; ++post, ++at) {
      EXPECT_TRUE((*again)[at].granted) << at;
      EXPECT_EQ((*again)[at].used, visitor % 4 + 1) << at;
    }
  }
}

TYPED_TEST(MeterContract, TheLimitOfANetworkHoldsWithinABatch) {
  std::vector<MeterRead> reads;
  for (int visitor = 0; visitor < 5; ++visitor) {
    reads.push_back({GrpcTestServer::NewVisitor(), Post(1), "crowd"});
  }
  reads.push_back({GrpcTestServer::NewVisitor(), Post(1), ""});
  const auto readings = this->under_test_.meter.ReadAll(reads);
  ASSERT_THAT(readings, IsOk());
  for (size_t i = 0; i < reads.size(); ++i) {
    const bool refused = i == 3 || i == 4;
    EXPECT_EQ((*readings)[i].network_limit, refused) << i;
    EXPECT_EQ((*readings)[i].granted, !refused) << i;
  }
}

TYPED_TEST(MeterContract, PeekingCountsNothing) {
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  EXPECT_FALSE(this->under_test_.meter.Peek(pass, Post(1))->granted);
  EXPECT_EQ(this->under_test_.meter.Look(pass)->used, 0);
  EXPECT_TRUE(this->Read(pass, 1));
  EXPECT_TRUE(this->under_test_.meter.Peek(pass, Post(1))->granted);
}

TYPED_TEST(MeterContract, ParallelReadsTakeExactlyWhatIsFree) {
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  std::atomic<int> granted = 0;
  InParallel(9, [&](int post) { granted += this->Read(pass, post) ? 1 : 0; });
  EXPECT_EQ(granted, 5);
  EXPECT_EQ(this->under_test_.meter.Look(pass)->used, 5);
}

TYPED_TEST(MeterContract, TooManyNewVisitorsOfANetworkGetNothing) {
  for (int visitor = 0; visitor < 3; ++visitor) {
    EXPECT_TRUE(this->Read(GrpcTestServer::NewVisitor(), 1));
  }
  const MeterReading refused =
      this->under_test_.meter.Read(GrpcTestServer::NewVisitor(), Post(1), "net").value();
  EXPECT_TRUE(refused.network_limit);
  EXPECT_FALSE(refused.granted);
  EXPECT_TRUE(
      this->under_test_.meter.Read(GrpcTestServer::NewVisitor(), Post(1), "other")->granted);
}

TYPED_TEST(MeterContract, TheSecondReadOfAVisitorIsNoNewVisitor) {
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  for (int post = 1; post <= 5; ++post) EXPECT_TRUE(this->Read(pass, post));
}

TYPED_TEST(MeterContract, APassThatComesBackGoesOn) {
  const VisitorPass fresh = GrpcTestServer::NewVisitor(/*fresh=*/true);
  for (int time = 0; time < 2; ++time) {
    const auto first = this->under_test_.meter.Read(fresh, Post(1), "net");
    EXPECT_TRUE(first->granted);
    EXPECT_EQ(first->used, 1);
    EXPECT_GT(first->period_left, absl::Hours(24 * 29));
  }
  const VisitorPass back = ComeBack(fresh);
  EXPECT_EQ(this->under_test_.meter.Look(back)->used, 1);
  EXPECT_TRUE(this->under_test_.meter.Peek(back, Post(1))->granted);
  for (int post = 2; post <= 5; ++post) EXPECT_TRUE(this->Read(back, post));
  EXPECT_FALSE(this->Read(back, 6));
  EXPECT_TRUE(this->Read(back, 1));
}

// The only set that there is.
std::string OnlySet(Redis& redis) {
  const auto keys = redis.Command({"KEYS", "meter:*"}).value();
  EXPECT_EQ(keys.elements.size(), 1u);
  return keys.elements.empty() ? "" : keys.elements[0].text;
}
absl::Duration KeptFor(Redis& redis) {
  return absl::Milliseconds(redis.Command({"PTTL", OnlySet(redis)})->integer);
}

TEST(RedisMeterTest, AFirstVisitIsKeptForAnHourUntilThePassComesBack) {
  RedisUnderTest under_test;
  Redis& redis = under_test.redis.redis;
  const VisitorPass fresh = GrpcTestServer::NewVisitor(/*fresh=*/true);
  ASSERT_THAT(under_test.meter.Read(fresh, Post(1), "net"), IsOk());
  EXPECT_LE(KeptFor(redis), absl::Hours(1));
  EXPECT_GT(KeptFor(redis), absl::Minutes(59));
  // Half of the hour is over.
  ASSERT_THAT(redis.Command({"EXPIRE", OnlySet(redis), "1800"}), IsOk());
  const absl::Duration left = kSettings.period - absl::Minutes(30);
  const MeterReading back = under_test.meter.Read(ComeBack(fresh), Post(2), "net").value();
  EXPECT_EQ(back.used, 2);
  for (const absl::Duration time : {back.period_left, KeptFor(redis)}) {
    EXPECT_LE(time, left);
    EXPECT_GT(time, left - absl::Minutes(1));
  }
}

TEST(RedisMeterTest, WhatDoesNotComeBackIsForgotten) {
  TestRedis redis;
  RedisMeter meter(redis.redis, {.first_visit = absl::Milliseconds(50)});
  const VisitorPass fresh = GrpcTestServer::NewVisitor(/*fresh=*/true);
  ASSERT_TRUE(meter.Read(fresh, Post(1), "")->granted);
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (redis.redis.Command({"DBSIZE"})->integer > 0 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_EQ(meter.Look(ComeBack(fresh))->used, 0);
}

TEST(RedisMeterTest, KeepsNothingThatTellsWhoReadWhat) {
  RedisUnderTest under_test;
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  ASSERT_THAT(under_test.meter.Read(pass, Post(1), "net"), IsOk());
  std::string everything;
  const auto keys = under_test.redis.redis.Command({"KEYS", "*"}).value();
  for (const RedisReply& key : keys.elements) {
    everything += key.text + "\n";
    const auto members = under_test.redis.redis.Command({"SMEMBERS", key.text});
    if (!members.ok()) continue;
    for (const RedisReply& member : members->elements) everything += member.text + "\n";
  }
  EXPECT_TRUE(absl::StrContains(everything, "meter:{"));
  EXPECT_FALSE(absl::StrContains(everything, pass.id));
  EXPECT_FALSE(absl::StrContains(everything, pass.secret));
  EXPECT_FALSE(absl::StrContains(everything, Post(1).value()));
  for (const RedisReply& key : keys.elements) {
    EXPECT_GT(under_test.redis.redis.Command({"TTL", key.text})->integer, 0) << key.text;
  }
}

TEST(RedisMeterTest, TheAllocationIsWholeAgainAfterThePeriod) {
  TestRedis redis;
  RedisMeter meter(redis.redis, {.limit = 1, .period = absl::Seconds(2)});
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  ASSERT_TRUE(meter.Read(pass, Post(1), "")->granted);
  ASSERT_FALSE(meter.Read(pass, Post(2), "")->granted);
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (!meter.Read(pass, Post(2), "")->granted && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_TRUE(meter.Peek(pass, Post(2))->granted);
}

TEST(RedisMeterTest, SaysSoWhenRedisIsAway) {
  RedisUnderTest under_test;
  under_test.redis.server.Stop();
  EXPECT_THAT(under_test.meter.Read(GrpcTestServer::NewVisitor(), Post(1), "net").status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum::subscription
