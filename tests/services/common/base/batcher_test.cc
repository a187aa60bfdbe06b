#include "services/common/base/batcher.h"

#include <atomic>
#include <thread>
#include <vector>

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

}  // namespace
}  // namespace rostrum
