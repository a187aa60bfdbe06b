#include "services/common/redis/throttle.h"

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/redis_server.h"

namespace rostrum {
namespace {

// So long that nothing comes back during a test.
constexpr Rate kFive{5, absl::Hours(5)};

struct LocalUnderTest {
  FakeClock clock;
  LocalThrottle throttle{clock};
  void Pass(absl::Duration time) { clock.Advance(time); }
};

struct RedisUnderTest {
  RedisUnderTest() { std::signal(SIGPIPE, SIG_IGN); }
  TestRedis redis;
  FakeClock clock;
  RedisThrottle throttle{redis.redis, clock};
  // Redis has a clock of its own, which no test can move.
  void Pass(absl::Duration time) { absl::SleepFor(time); }
};

// What every Throttle does.
template <class UnderTest>
class ThrottleContract : public ::testing::Test {
 protected:
  int AllowedOf(int tries, const std::string& key, const Rate& rate) {
    int allowed = 0;
    for (int i = 0; i < tries; ++i) allowed += throttle().Try(key, rate).allowed ? 1 : 0;
    return allowed;
  }
  Throttle& throttle() { return under_test_.throttle; }

  UnderTest under_test_;
};

using Implementations = ::testing::Types<LocalUnderTest, RedisUnderTest>;
TYPED_TEST_SUITE(ThrottleContract, Implementations);

TYPED_TEST(ThrottleContract, AllowsABurstAndNoMore) {
  EXPECT_EQ(this->AllowedOf(20, "key", kFive), 5);
  EXPECT_EQ(this->AllowedOf(3, "once", {1, absl::Hours(1)}), 1);
}

TYPED_TEST(ThrottleContract, SaysWhenToTryAgain) {
  this->AllowedOf(5, "key", kFive);
  const ThrottleDecision decision = this->throttle().Try("key", kFive);
  EXPECT_FALSE(decision.allowed);
  EXPECT_LE(decision.retry_after, absl::Hours(1));
  EXPECT_GT(decision.retry_after, absl::Minutes(55));
}

TYPED_TEST(ThrottleContract, ARefusalCostsNothing) {
  this->AllowedOf(100, "key", kFive);
  EXPECT_LE(this->throttle().Try("key", kFive).retry_after, absl::Hours(1));
}

TYPED_TEST(ThrottleContract, KeysAreApart) {
  EXPECT_EQ(this->AllowedOf(20, "a", kFive), 5);
  EXPECT_EQ(this->AllowedOf(20, "b", kFive), 5);
}

TYPED_TEST(ThrottleContract, RefillsOverTime) {
  const Rate rate{2, absl::Milliseconds(400)};
  EXPECT_GE(this->AllowedOf(2, "key", rate), 2);
  // At least one comes back in half of the period; never more than the burst.
  this->under_test_.Pass(absl::Milliseconds(210));
  EXPECT_TRUE(this->throttle().Try("key", rate).allowed);
  const Rate slow{2, absl::Hours(1)};
  EXPECT_EQ(this->AllowedOf(2, "slow", slow), 2);
  this->under_test_.Pass(absl::Milliseconds(210));
  EXPECT_EQ(this->AllowedOf(2, "slow", slow), 0);
}

TYPED_TEST(ThrottleContract, CheckTellsTheClientWhenToRetry) {
  EXPECT_THAT(this->throttle().Check("key", {1, absl::Hours(1)}), IsOk());
  const absl::Status status = this->throttle().Check("key", {1, absl::Hours(1)});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(status, HasReason("RATE_LIMITED"));
  EXPECT_GT(DetailsOf(status).retry_after.value_or(absl::ZeroDuration()), absl::Minutes(55));
}

TYPED_TEST(ThrottleContract, WhatOneLimitRefusesCountsInNone) {
  constexpr Rate kThree{3, absl::Hours(3)};
  int allowed = 0;
  for (int i = 0; i < 20; ++i) {
    allowed +=
        this->throttle().TryAll({{"{a}:five", kFive}, {"{a}:three", kThree}}).allowed ? 1 : 0;
  }
  EXPECT_EQ(allowed, 3);
  EXPECT_EQ(this->AllowedOf(20, "{a}:five", kFive), 2);
}

TYPED_TEST(ThrottleContract, TheLongestWaitCounts) {
  this->AllowedOf(1, "{a}:hour", {1, absl::Hours(1)});
  this->AllowedOf(1, "{a}:day", {1, absl::Hours(24)});
  const ThrottleDecision decision = this->throttle().TryAll(
      {{"{a}:hour", {1, absl::Hours(1)}}, {"{a}:day", {1, absl::Hours(24)}}});
  EXPECT_FALSE(decision.allowed);
  EXPECT_GT(decision.retry_after, absl::Hours(23));
}

TYPED_TEST(ThrottleContract, ATryCanBeTakenBack) {
  EXPECT_EQ(this->AllowedOf(20, "key", kFive), 5);
  this->throttle().TakeBack({{"key", kFive}});
  EXPECT_EQ(this->AllowedOf(20, "key", kFive), 1);
  this->throttle().TakeBack({{"never tried", kFive}});
  EXPECT_EQ(this->AllowedOf(20, "never tried", kFive), 5);
}

TYPED_TEST(ThrottleContract, CountsRightWithManyThreads) {
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { allowed += this->AllowedOf(10, "key", kFive); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, 5);
}

TEST(LocalThrottleTest, RefillsOneByOneAndUpToTheBurst) {
  FakeClock clock;
  LocalThrottle throttle(clock);
  const auto allowed = [&](int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += throttle.Try("key", kFive).allowed ? 1 : 0;
    return count;
  };
  EXPECT_EQ(allowed(6), 5);
  clock.Advance(absl::Hours(1) - absl::Seconds(1));
  EXPECT_EQ(throttle.Try("key", kFive).retry_after, absl::Seconds(1));
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(allowed(2), 1);
  clock.Advance(absl::Hours(3));
  EXPECT_EQ(allowed(20), 3);
  clock.Advance(absl::Hours(1000));
  EXPECT_EQ(allowed(20), 5);
}

TEST(LocalThrottleTest, ForgetsIdleKeysBeforeOthers) {
  FakeClock clock;
  LocalThrottle throttle(clock);
  const Rate rate{1, absl::Hours(1)};
  for (int i = 0; i < 99'999; ++i) throttle.Try(absl::StrCat("idle ", i), rate);
  clock.Advance(absl::Hours(1));
  EXPECT_TRUE(throttle.Try("busy", rate).allowed);
  for (int i = 0; i < 50'000; ++i) throttle.Try(absl::StrCat("new ", i), rate);
  EXPECT_FALSE(throttle.Try("busy", rate).allowed);
}

TEST(RedisThrottleTest, ReplicasCountTogether) {
  RedisUnderTest first;
  Redis other_redis({.url = first.redis.server.url(), .command_timeout = absl::Seconds(10)},
                    first.redis.metrics);
  RedisThrottle other(other_redis, first.clock);
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE((i % 2 ? other : first.throttle).Try("key", kFive).allowed);
  EXPECT_FALSE(other.Try("key", kFive).allowed);
  EXPECT_FALSE(first.throttle.Try("key", kFive).allowed);
}

TEST(RedisThrottleTest, ForgetsAKeyWhenItsBucketIsEmpty) {
  RedisUnderTest under_test;
  under_test.throttle.Try("key", {1, absl::Milliseconds(50)});
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (under_test.redis.redis.Command({"DBSIZE"})->integer != 0 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_EQ(under_test.redis.redis.Command({"DBSIZE"})->integer, 0);
}

TEST(RedisThrottleTest, CountsInThisProcessWhileRedisIsAway) {
  RedisUnderTest under_test;
  const auto allowed = [&](int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += under_test.throttle.Try("key", kFive).allowed ? 1 : 0;
    return count;
  };
  EXPECT_EQ(allowed(3), 3);
  under_test.redis.server.Stop();
  EXPECT_EQ(allowed(20), 5);
  under_test.clock.Advance(absl::Hours(1));
  EXPECT_EQ(allowed(20), 1);
  under_test.redis.server.Start();
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (!under_test.redis.redis.Ping() && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  // Redis knows nothing of what was counted here.
  EXPECT_EQ(allowed(20), 5);
}

}  // namespace
}  // namespace rostrum
