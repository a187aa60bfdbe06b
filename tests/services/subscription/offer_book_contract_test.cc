#include <mutex>
#include <set>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "services/subscription/offer_book.h"
#include "tests/services/subscription/fakes.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/in_parallel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/redis_server.h"

namespace rostrum::subscription {
namespace {

// Redis drops what is over by its own clock, so the clock of these tests stands
// near it.
const absl::Time kNow = absl::FromUnixMillis(absl::ToUnixMillis(absl::Now()));

constexpr OfferSettings kSettings{.new_per_network = 3};

struct RedisUnderTest {
  TestRedis redis;
  RedisOfferBook offers{redis.redis, kSettings};
};
struct FakeUnderTest {
  FakeOfferBook offers{kSettings};
};

// What every OfferBook does, the real one and the fake.
template <class UnderTest>
class OfferBookContract : public ::testing::Test {
 protected:
  OfferBook& offers() { return under_test_.offers; }
  Offer Start(const VisitorPass& pass, absl::Time now) {
    return offers().FindOrStart(pass, "", now).value().value();
  }
  const VisitorPass pass_ = GrpcTestServer::NewVisitor();
  UnderTest under_test_;
};
using OfferBooks = ::testing::Types<FakeUnderTest, RedisUnderTest>;
TYPED_TEST_SUITE(OfferBookContract, OfferBooks);

TYPED_TEST(OfferBookContract, AnExpiryIsChosenOnce) {
  EXPECT_FALSE(this->offers().Find(this->pass_, kNow)->has_value());
  const Offer offer = this->Start(this->pass_, kNow);
  EXPECT_EQ(offer.expire_time, kNow + absl::Hours(24));
  for (const int hours : {1, 23, 25, 24 * 30}) {
    const absl::Time later = kNow + absl::Hours(hours);
    EXPECT_EQ(this->Start(this->pass_, later).expire_time, offer.expire_time);
    EXPECT_EQ((*this->offers().Find(this->pass_, later))->expire_time, offer.expire_time);
  }
  EXPECT_TRUE(offer.IsOpen(offer.expire_time - absl::Milliseconds(1)));
  EXPECT_FALSE(offer.IsOpen(offer.expire_time));
}

TYPED_TEST(OfferBookContract, AfterThePauseThereIsANewOne) {
  const Offer first = this->Start(this->pass_, kNow);
  const absl::Time later = first.next_time;
  EXPECT_FALSE(this->offers().Find(this->pass_, later)->has_value());
  const Offer second = this->Start(this->pass_, later);
  EXPECT_EQ(second.expire_time, later + absl::Hours(24));
}

TYPED_TEST(OfferBookContract, VisitorsHaveTheirOwn) {
  this->Start(this->pass_, kNow);
  EXPECT_FALSE(this->offers().Find(GrpcTestServer::NewVisitor(), kNow)->has_value());
}

TYPED_TEST(OfferBookContract, ParallelAnswersAgree) {
  std::mutex mutex;
  std::set<absl::Time> expiries;
  InParallel(8, [&](int i) {
    const Offer offer = this->Start(this->pass_, kNow + absl::Milliseconds(i));
    const std::lock_guard<std::mutex> lock(mutex);
    expiries.insert(offer.expire_time);
  });
  EXPECT_EQ(expiries.size(), 1u);
}

TYPED_TEST(OfferBookContract, SoManyNewOffersOfANetworkAtMost) {
  std::vector<OfferWanted> wanted;
  for (int visitor = 0; visitor < 5; ++visitor) {
    wanted.push_back({GrpcTestServer::NewVisitor(), "crowd"});
  }
  wanted.push_back({GrpcTestServer::NewVisitor(), ""});
  const auto offers = this->offers().FindOrStartAll(wanted, kNow);
  ASSERT_THAT(offers, IsOk());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ((*offers)[i].has_value(), i != 3 && i != 4) << i;
  }
  const auto again = this->offers().FindOrStart(wanted[0].pass, "crowd", kNow);
  EXPECT_TRUE(again->has_value()) << "what stands is no new one";
  EXPECT_TRUE(this->offers().FindOrStart(this->pass_, "other", kNow)->has_value());
  EXPECT_FALSE(this->offers().Find(wanted[4].pass, kNow)->has_value());
}

TYPED_TEST(OfferBookContract, APassThatComesBackHasTheSameOffer) {
  const VisitorPass fresh = GrpcTestServer::NewVisitor(/*fresh=*/true);
  const Offer offer = this->Start(fresh, kNow);
  EXPECT_EQ(this->Start(fresh, kNow + absl::Seconds(1)).expire_time, offer.expire_time);
  const VisitorPass back = ComeBack(fresh);
  for (const int hours : {0, 25, 24 * 30}) {
    const absl::Time later = kNow + absl::Hours(hours);
    EXPECT_EQ((*this->offers().Find(back, later))->expire_time, offer.expire_time);
    EXPECT_EQ(this->Start(back, later).expire_time, offer.expire_time);
  }
}

// How long Redis keeps the only key that there is.
absl::Duration KeptFor(Redis& redis) {
  const auto keys = redis.Command({"KEYS", "*"}).value();
  EXPECT_EQ(keys.elements.size(), 1u);
  if (keys.elements.size() != 1) return absl::ZeroDuration();
  return absl::Milliseconds(redis.Command({"PTTL", keys.elements[0].text})->integer);
}

TEST(RedisOfferBookTest, AFirstVisitIsKeptForTwiceAsLongAsItsOfferUntilThePassComesBack) {
  RedisUnderTest under_test;
  const VisitorPass fresh = GrpcTestServer::NewVisitor(/*fresh=*/true);
  ASSERT_THAT(under_test.offers.FindOrStart(fresh, "", kNow), IsOk());
  EXPECT_LE(KeptFor(under_test.redis.redis), 2 * kSettings.duration);
  EXPECT_GT(KeptFor(under_test.redis.redis), 2 * kSettings.duration - absl::Minutes(1));
  const absl::Time later = kNow + absl::Minutes(30);
  ASSERT_TRUE(under_test.offers.Find(ComeBack(fresh), later)->has_value());
  const absl::Duration kept = KeptFor(under_test.redis.redis);
  const absl::Duration whole = kSettings.duration + kSettings.pause;
  EXPECT_LE(kept, whole - absl::Minutes(30));
  EXPECT_GT(kept, whole - absl::Minutes(31));
}

// It cannot be moved then, and must be neither lost nor hidden.
TEST(RedisOfferBookTest, APassThatComesBackWhileRedisIsFullKeepsItsOffer) {
  RedisUnderTest under_test;
  const VisitorPass fresh = GrpcTestServer::NewVisitor(/*fresh=*/true);
  const auto offer = under_test.offers.FindOrStart(fresh, "", kNow);
  ASSERT_THAT(offer, IsOk());
  for (const char* memory : {"1", "0"}) {
    ASSERT_THAT(under_test.redis.redis.Command({"CONFIG", "SET", "maxmemory", memory}), IsOk());
    const auto found = under_test.offers.Find(ComeBack(fresh), kNow + absl::Minutes(30));
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->expire_time, (*offer)->expire_time);
  }
  EXPECT_GT(KeptFor(under_test.redis.redis), 2 * kSettings.duration) << "it was not moved later";
}

TEST(RedisOfferBookTest, WhatDoesNotComeBackIsForgotten) {
  TestRedis redis;
  RedisOfferBook offers(redis.redis, {.duration = absl::Milliseconds(50)});
  const VisitorPass fresh = GrpcTestServer::NewVisitor(/*fresh=*/true);
  ASSERT_THAT(offers.FindOrStart(fresh, "", kNow), IsOk());
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (redis.redis.Command({"DBSIZE"})->integer > 0 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_FALSE(offers.Find(ComeBack(fresh), kNow)->has_value());
}

TEST(RedisOfferBookTest, SaysSoWhenRedisIsAway) {
  RedisUnderTest under_test;
  under_test.redis.server.Stop();
  EXPECT_THAT(under_test.offers.FindOrStart(GrpcTestServer::NewVisitor(), "", kNow).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum::subscription
