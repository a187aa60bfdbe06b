#include "gateway/proxy/call_queue.h"

#include <atomic>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rostrum::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CallQueueTest : public ::testing::Test {
 protected:
  // Waits for a turn and keeps it.
  void Start(asio::io_context& io, const std::string& name,
             absl::Duration patience = absl::Minutes(1)) {
    asio::co_spawn(
        io,
        [this, name, patience]() -> asio::awaitable<void> {
          std::optional<CallQueue::Turn> turn = co_await queue_.Wait(absl::Now() + patience);
          (turn.has_value() ? had_ : gave_up_).push_back(name);
          if (turn.has_value()) turns_.push_back(*std::move(turn));
        },
        asio::detached);
    Go(io);
  }
  void Start(const std::string& name) { Start(io_, name); }
  static void Go(asio::io_context& io) {
    io.restart();
    io.poll();
  }
  // The turn that began first is over.
  void EndOne() {
    turns_.pop_front();
    Go(io_);
  }

  CallQueue queue_{2};
  std::vector<std::string> had_, gave_up_;
  asio::io_context io_;
  std::list<CallQueue::Turn> turns_;
};

TEST_F(CallQueueTest, WhoCannotGoAtOnceGoesInOrder) {
  for (const char* name : {"a", "b", "c", "d"}) Start(name);
  EXPECT_THAT(had_, ElementsAre("a", "b"));
  EXPECT_FALSE(queue_.Try().has_value());
  EndOne();
  EXPECT_THAT(had_, ElementsAre("a", "b", "c"));
  Start("e");
  EndOne();
  EndOne();
  EXPECT_THAT(had_, ElementsAre("a", "b", "c", "d", "e"));
  turns_.clear();
  EXPECT_TRUE(queue_.Try().has_value());
  Start("f");
  Start("g");
  EXPECT_EQ(had_.size(), 7u);
}

TEST_F(CallQueueTest, WhoseTurnDoesNotComeInTimeGivesUp) {
  for (const char* name : {"a", "b"}) Start(name);
  Start(io_, "hasty", absl::Milliseconds(10));
  Start("patient");
  while (gave_up_.empty()) io_.run_one();
  EXPECT_THAT(gave_up_, ElementsAre("hasty"));
  EndOne();
  EXPECT_THAT(had_, ElementsAre("a", "b", "patient"));
}

TEST_F(CallQueueTest, ATurnThatComesToWhoIsGoneGoesOn) {
  for (const char* name : {"a", "b"}) Start(name);
  {
    asio::io_context gone;
    Start(gone, "gone");
    turns_.pop_front();  // its turn has come, and it is not told any more
  }
  Start("c");
  EXPECT_THAT(had_, ElementsAre("a", "b", "c"));
}

TEST_F(CallQueueTest, NobodyJoinsAQueueThatDoesNotMove) {
  for (const char* name : {"a", "b", "c"}) Start(name);
  absl::SleepFor(absl::Seconds(2));
  Start("late");
  EXPECT_THAT(gave_up_, ElementsAre("late"));
  EndOne();
  EXPECT_THAT(had_, ElementsAre("a", "b", "c"));
}

TEST_F(CallQueueTest, WhoIsGoneHoldsUpNobody) {
  for (const char* name : {"a", "b"}) Start(name);
  {
    asio::io_context gone;
    Start(gone, "gone");
  }
  Start("c");
  EndOne();
  EXPECT_THAT(had_, ElementsAre("a", "b", "c"));
  EXPECT_THAT(gave_up_, IsEmpty());
}

TEST_F(CallQueueTest, NeverMoreAtOnceOverManyThreads) {
  std::atomic<int> running = 0, most = 0, done = 0;
  const auto work = [&]() -> asio::awaitable<void> {
    const auto turn = co_await queue_.Wait(absl::Now() + absl::Minutes(1));
    EXPECT_TRUE(turn.has_value());
    const int now = ++running;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) continue;
    std::this_thread::yield();
    --running;
    ++done;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      asio::io_context io;
      for (int k = 0; k < 500; ++k) asio::co_spawn(io, work, asio::detached);
      io.run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 2000);
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace rostrum::gateway
