#include "services/common/base/batcher.h"

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);

TEST(BatcherTest, AnswersOne) {
  Batcher<int, int> doubled(
      [](const std::vector<int>& numbers) { return std::vector<int>{2 * numbers.at(0)}; });
  EXPECT_THAT(doubled.Do(21, kLong), IsOkAndHolds(42));
}

TEST(BatcherTest, DoesTogetherWhatCameMeanwhileAndGivesEachItsOwn) {
  std::atomic<int> batches = 0;
  absl::Notification begun, go_on;
  Batcher<int, int> doubled([&](const std::vector<int>& numbers) {
    if (++batches == 1) {
      begun.Notify();
      go_on.WaitForNotification();
    }
    std::vector<int> results;
    for (const int number : numbers) results.push_back(2 * number);
    return results;
  });
  std::vector<std::thread> threads;
  std::vector<int> results(9);
  const auto ask = [&](int number) { results[number] = doubled.Do(number, kLong).value(); };
  threads.emplace_back(ask, 0);
  begun.WaitForNotification();
  for (int i = 1; i < 9; ++i) threads.emplace_back(ask, i);
  // All but the first wait for it.
  absl::SleepFor(absl::Milliseconds(200));
  go_on.Notify();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(results, ::testing::ElementsAre(0, 2, 4, 6, 8, 10, 12, 14, 16));
  // A slow machine may need one more; nine would be none.
  EXPECT_LT(batches, 5);
}

TEST(BatcherTest, NobodyIsGivenWhatWasFoundOutBeforeItAsked) {
  std::atomic<int> present = 0;
  Batcher<int, int> read([&](const std::vector<int>& asked) {
    return std::vector<int>(asked.size(), present.load());
  });
  std::vector<std::thread> threads;
  std::atomic<int> stale = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2'000; ++round) {
        const int before = ++present;
        if (read.Do(0, kLong).value() < before) ++stale;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stale, 0);
}

TEST(BatcherTest, WaitsForOthersNoLongerThanItsPatience) {
  absl::Notification begun, go_on;
  std::atomic<int> batches = 0;
  Batcher<int, int> slow([&](const std::vector<int>& numbers) {
    if (++batches == 2) {
      begun.Notify();
      go_on.WaitForNotification();
    }
    return numbers;
  });
  ASSERT_THAT(slow.Do(0, kLong), IsOk());
  std::atomic<int> done = 0;
  std::vector<std::thread> patient;
  patient.emplace_back([&] { done += slow.Do(1, kLong).ok(); });
  begun.WaitForNotification();
  // The first of the next batch waits for its turn, the second for the first.
  patient.emplace_back([&] { done += slow.Do(2, kLong).ok(); });
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_THAT(slow.Do(3, absl::Milliseconds(50)).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  go_on.Notify();
  for (std::thread& thread : patient) thread.join();
  EXPECT_EQ(done, 2);
}

// Keeps every batch waiting that begins while it is held, and tells what was worked on.
class HeldWork {
 public:
  std::vector<int> operator()(const std::vector<int>& numbers) {
    absl::MutexLock lock(&mu_);
    for (const int number : numbers) seen_.push_back(number);
    mu_.Await(absl::Condition(&go_on_));
    return numbers;
  }
  void AwaitBegun() {
    absl::MutexLock lock(&mu_);
    const auto begun = [this] { return !seen_.empty(); };
    mu_.Await(absl::Condition(&begun));
  }
  void GoOn() {
    absl::MutexLock lock(&mu_);
    go_on_ = true;
  }
  std::vector<int> seen() {
    absl::MutexLock lock(&mu_);
    return seen_;
  }

 private:
  absl::Mutex mu_;
  std::vector<int> seen_;
  bool go_on_ = false;
};

class StuckBatcherTest : public testing::Test {
 protected:
  // One batch is being done, for number 0, until GoOn.
  StuckBatcherTest() : stuck_([this] { EXPECT_THAT(batcher_.Do(0, kLong), IsOkAndHolds(0)); }) {
    work_.AwaitBegun();
  }
  ~StuckBatcherTest() override { GoOn(); }
  void GoOn() {
    work_.GoOn();
    if (stuck_.joinable()) stuck_.join();
  }

  HeldWork work_;
  Batcher<int, int> batcher_{[this](const std::vector<int>& numbers) { return work_(numbers); }};
  std::thread stuck_;
};

TEST_F(StuckBatcherTest, TheFirstOfTheNextBatchWaitsNoLongerThanItsPatience) {
  // Each is the first: the one before has left.
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THAT(batcher_.Do(i, absl::Milliseconds(10)),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
}

TEST_F(StuckBatcherTest, DoesNothingForThoseWhoHaveLeft) {
  std::thread patient([this] { EXPECT_THAT(batcher_.Do(1, kLong), IsOkAndHolds(1)); });
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_THAT(batcher_.Do(2, absl::Milliseconds(50)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  GoOn();
  patient.join();
  EXPECT_THAT(work_.seen(), ::testing::ElementsAre(0, 1));
}

TEST_F(StuckBatcherTest, WhoStaysIsServedThoughTheFirstHasLeft) {
  std::thread first([this] {
    EXPECT_THAT(batcher_.Do(1, absl::Milliseconds(300)),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  });
  absl::SleepFor(absl::Milliseconds(50));
  std::vector<std::thread> patient;
  for (int i = 2; i < 5; ++i) {
    patient.emplace_back([this, i] { EXPECT_THAT(batcher_.Do(i, kLong), IsOkAndHolds(i)); });
  }
  first.join();
  GoOn();
  for (std::thread& thread : patient) thread.join();
  EXPECT_THAT(work_.seen(), ::testing::UnorderedElementsAre(0, 2, 3, 4));
}

// Whoever is the first at the time, and however many leave at once.
TEST(BatcherTest, EverybodyIsServedOrLeavesInTime) {
  Batcher<int, int> slow([](const std::vector<int>& numbers) {
    absl::SleepFor(absl::Milliseconds(2));
    return numbers;
  });
  std::atomic<int> served = 0, left = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 200; ++round) {
        const absl::StatusOr<int> result = slow.Do(i, absl::Microseconds(500 * i));
        EXPECT_EQ(result.value_or(i), i);
        ++(result.ok() ? served : left);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served + left, 1'600);
}

}  // namespace
}  // namespace rostrum
