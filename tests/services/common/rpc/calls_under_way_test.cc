#include "services/common/rpc/calls_under_way.h"

#include <optional>
#include <thread>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace rostrum {
namespace {

// A place of those who wait for one for long.
struct Place : CallsUnderWay::Place {
  explicit Place(CallsUnderWay& calls)
      : CallsUnderWay::Place(calls, absl::Now() + absl::Minutes(1)) {}
};

// A busy machine may let this thread wait: then it is seen the next time.
constexpr int kTimes = 100;

// Takes the last place with a call that is soon over, and asks for one meanwhile.
bool GetsThePlaceOfAQuickOne(CallsUnderWay& calls) {
  std::optional<Place> quick(std::in_place, calls);
  std::thread over([&] {
    absl::SleepFor(absl::Milliseconds(20));
    quick.reset();
  });
  const bool taken = Place(calls).taken();
  over.join();
  return taken;
}

TEST(CallsUnderWayTest, HasSoManyPlaces) {
  CallsUnderWay calls(2);
  std::optional<Place> first(std::in_place, calls);
  const Place second(calls);
  EXPECT_TRUE(first->taken());
  EXPECT_TRUE(second.taken());
  EXPECT_FALSE(Place(calls).taken());
  first.reset();
  EXPECT_TRUE(Place(calls).taken());
  EXPECT_TRUE(Place(calls).taken()) << "it is given back";
}

TEST(CallsUnderWayTest, OneMoreWaitsAMomentForAPlace) {
  bool taken = false;
  for (int i = 0; i < kTimes && !taken; ++i) {
    CallsUnderWay calls(1);
    taken = GetsThePlaceOfAQuickOne(calls);
  }
  EXPECT_TRUE(taken);
}

TEST(CallsUnderWayTest, NobodyWaitsLongerThanTheyHaveTime) {
  bool in_time = false;
  for (int i = 0; i < kTimes && !in_time; ++i) {
    CallsUnderWay calls(1);
    const Place first(calls);
    const absl::Time begun = absl::Now();
    EXPECT_FALSE(CallsUnderWay::Place(calls, begun + absl::Milliseconds(1)).taken());
    in_time = absl::Now() - begun < absl::Milliseconds(400);
  }
  EXPECT_TRUE(in_time);
}

TEST(CallsUnderWayTest, OneSlowCallLetsOthersWait) {
  CallsUnderWay calls(2);
  const Place slow(calls);
  absl::SleepFor(absl::Milliseconds(500));
  bool taken = false;
  for (int i = 0; i < kTimes && !taken; ++i) {
    taken = GetsThePlaceOfAQuickOne(calls);
  }
  EXPECT_TRUE(taken);
}

TEST(CallsUnderWayTest, NobodyWaitsBesideOneThatIsStuck) {
  CallsUnderWay calls(1);
  const Place stuck(calls);
  absl::SleepFor(absl::Milliseconds(500));
  bool at_once = false;
  for (int i = 0; i < kTimes && !at_once; ++i) {
    const absl::Time begun = absl::Now();
    EXPECT_FALSE(Place(calls).taken());
    at_once = absl::Now() - begun < absl::Milliseconds(100);
  }
  EXPECT_TRUE(at_once);
}

}  // namespace
}  // namespace rostrum
