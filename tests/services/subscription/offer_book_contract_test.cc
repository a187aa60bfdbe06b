#include <mutex>
#include <set>
#include <vector>

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

struct RedisUnderTest {
  TestRedis redis;
  RedisOfferBook offers{redis.redis, OfferSettings()};
};
struct FakeUnderTest {
  FakeOfferBook offers{OfferSettings()};
};

// What every OfferBook does, the real one and the fake.
template <class UnderTest>
class OfferBookContract : public ::testing::Test {
 protected:
  OfferBook& offers() { return under_test_.offers; }
  const VisitorPass pass_ = GrpcTestServer::NewVisitor();
  UnderTest under_test_;
};
using OfferBooks = ::testing::Types<FakeUnderTest, RedisUnderTest>;
TYPED_TEST_SUITE(OfferBookContract, OfferBooks);

TYPED_TEST(OfferBookContract, AnExpiryIsChosenOnce) {
  EXPECT_FALSE(this->offers().Find(this->pass_, kNow)->has_value());
  const Offer offer = this->offers().FindOrStart(this->pass_, kNow).value();
  EXPECT_EQ(offer.expire_time, kNow + absl::Hours(24));
  for (const int hours : {1, 23, 25, 24 * 30}) {
    const absl::Time later = kNow + absl::Hours(hours);
    EXPECT_EQ(this->offers().FindOrStart(this->pass_, later)->expire_time, offer.expire_time);
    EXPECT_EQ((*this->offers().Find(this->pass_, later))->expire_time, offer.expire_time);
  }
  EXPECT_TRUE(offer.IsOpen(offer.expire_time - absl::Milliseconds(1)));
  EXPECT_FALSE(offer.IsOpen(offer.expire_time));
}

TYPED_TEST(OfferBookContract, AfterThePauseThereIsANewOne) {
  const Offer first = this->offers().FindOrStart(this->pass_, kNow).value();
  const absl::Time later = first.next_time;
  EXPECT_FALSE(this->offers().Find(this->pass_, later)->has_value());
  const Offer second = this->offers().FindOrStart(this->pass_, later).value();
  EXPECT_EQ(second.expire_time, later + absl::Hours(24));
}

TYPED_TEST(OfferBookContract, VisitorsHaveTheirOwn) {
  ASSERT_THAT(this->offers().FindOrStart(this->pass_, kNow), IsOk());
  EXPECT_FALSE(this->offers().Find(GrpcTestServer::NewVisitor(), kNow)->has_value());
}

TYPED_TEST(OfferBookContract, ParallelAnswersAgree) {
  std::mutex mutex;
  std::set<absl::Time> expiries;
  InParallel(8, [&](int i) {
    const auto offer = this->offers().FindOrStart(this->pass_, kNow + absl::Milliseconds(i));
    const std::lock_guard<std::mutex> lock(mutex);
    expiries.insert(offer->expire_time);
  });
  EXPECT_EQ(expiries.size(), 1u);
}

TEST(RedisOfferBookTest, SaysSoWhenRedisIsAway) {
  RedisUnderTest under_test;
  under_test.redis.server.Stop();
  EXPECT_THAT(under_test.offers.FindOrStart(GrpcTestServer::NewVisitor(), kNow).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace rostrum::subscription
