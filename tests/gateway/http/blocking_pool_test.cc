#include "gateway/http/blocking_pool.h"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/use_future.hpp"
#include "gtest/gtest.h"
#include "services/common/base/status.h"

namespace rostrum::http {
namespace {

namespace asio = boost::asio;
using Work = std::function<absl::StatusOr<std::string>()>;

struct Ran {
  absl::StatusOr<std::string> result = absl::UnknownError("did not return");
  std::thread::id resumed_on;
};

asio::awaitable<Ran> RunIn(BlockingPool& pool, Work work) {
  Ran ran;
  ran.result = co_await pool.Run(std::move(work));
  ran.resumed_on = std::this_thread::get_id();
  co_return ran;
}

class BlockingPoolTest : public ::testing::Test {
 protected:
  std::future<Ran> Start(BlockingPool& pool, Work work) {
    return asio::co_spawn(io_, RunIn(pool, std::move(work)), asio::use_future);
  }
  asio::io_context io_;
};

TEST_F(BlockingPoolTest, RunsElsewhereAndResumesHere) {
  BlockingPool pool({.threads = 2, .max_wait = absl::Seconds(30)});
  std::thread::id worked_on;
  const Work work = [&worked_on]() -> absl::StatusOr<std::string> {
    worked_on = std::this_thread::get_id();
    return std::string("done");
  };
  std::future<Ran> future = Start(pool, work);
  io_.run();
  const Ran ran = future.get();
  ASSERT_TRUE(ran.result.ok()) << ran.result.status();
  EXPECT_EQ(*ran.result, "done");
  EXPECT_EQ(ran.resumed_on, std::this_thread::get_id());
  EXPECT_NE(worked_on, std::this_thread::get_id());
}

TEST_F(BlockingPoolTest, PassesErrorsAndExceptionsOn) {
  BlockingPool pool({.threads = 1, .max_wait = absl::Seconds(30)});
  std::future<Ran> error =
      Start(pool, [] { return absl::StatusOr<std::string>(absl::NotFoundError("gone")); });
  std::future<Ran> thrown =
      Start(pool, []() -> absl::StatusOr<std::string> { throw std::runtime_error("broken"); });
  io_.run();
  EXPECT_EQ(error.get().result.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THROW(thrown.get(), std::runtime_error);
}

TEST_F(BlockingPoolTest, RefusesWhatTheQueueDoesNotHold) {
  absl::Notification release;
  absl::Notification started;
  std::future<Ran> running;
  std::future<Ran> queued;
  std::future<Ran> refused;
  BlockingPool pool({.threads = 1, .queue = 1, .max_wait = absl::Seconds(30)});
  running = Start(pool, [&]() -> absl::StatusOr<std::string> {
    started.Notify();
    release.WaitForNotification();
    return std::string("ran");
  });
  io_.poll();
  ASSERT_TRUE(started.WaitForNotificationWithTimeout(absl::Seconds(10)));
  queued = Start(pool, [] { return absl::StatusOr<std::string>("ran later"); });
  refused = Start(pool, [] { return absl::StatusOr<std::string>("must not run"); });
  io_.poll();
  release.Notify();
  io_.run();
  EXPECT_EQ(*running.get().result, "ran");
  EXPECT_EQ(*queued.get().result, "ran later");
  const absl::Status status = refused.get().result.status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "OVERLOADED");
}

TEST_F(BlockingPoolTest, GivesUpWhatHasWaitedTooLong) {
  BlockingPool pool({.threads = 1, .queue = 8, .max_wait = absl::Milliseconds(100)});
  absl::Notification release;
  absl::Notification started;
  std::future<Ran> running = Start(pool, [&]() -> absl::StatusOr<std::string> {
    started.Notify();
    release.WaitForNotification();
    return std::string("ran");
  });
  io_.poll();
  ASSERT_TRUE(started.WaitForNotificationWithTimeout(absl::Seconds(10)));
  std::future<Ran> late = Start(pool, [] { return absl::StatusOr<std::string>("must not run"); });
  io_.poll();
  std::this_thread::sleep_for(std::chrono::milliseconds(120));  // past max_wait
  release.Notify();
  io_.run();
  EXPECT_EQ(*running.get().result, "ran");
  EXPECT_EQ(late.get().result.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(BlockingPoolTest, ItsEndRefusesWhatWaits) {
  const BlockingPool::Options options = {.threads = 1, .max_wait = absl::Seconds(30)};
  auto pool = std::make_unique<BlockingPool>(options);
  absl::Notification release;
  absl::Notification started;
  std::future<Ran> running = Start(*pool, [&]() -> absl::StatusOr<std::string> {
    started.Notify();
    release.WaitForNotification();
    return std::string("ran");
  });
  std::future<Ran> waiting = Start(*pool, [] { return absl::StatusOr<std::string>("?"); });
  io_.poll();
  ASSERT_TRUE(started.WaitForNotificationWithTimeout(absl::Seconds(10)));
  std::thread ending([&] { pool.reset(); });
  release.Notify();
  ending.join();
  io_.run();
  EXPECT_EQ(*running.get().result, "ran");
  const Ran ran = waiting.get();
  // Either it was still taken before the end, or it was refused; never lost.
  EXPECT_TRUE(ran.result.ok() || ran.result.status().code() == absl::StatusCode::kUnavailable);
}

TEST_F(BlockingPoolTest, StopFinishesWhatRunsAndRefusesTheRest) {
  BlockingPool pool({.threads = 1, .max_wait = absl::Seconds(60)});
  absl::Notification runs, go_on;
  const Work slow = [&]() -> absl::StatusOr<std::string> {
    runs.Notify();
    go_on.WaitForNotification();
    return std::string("done");
  };
  const Work never = []() -> absl::StatusOr<std::string> { return std::string("ran"); };
  std::future<Ran> first = Start(pool, slow);
  io_.poll();
  runs.WaitForNotification();
  std::thread stop([&] { pool.Stop(); });
  // What comes is refused at once as soon as the pool stops.
  std::vector<std::future<Ran>> others;
  do {
    others.push_back(Start(pool, never));
    io_.poll();
  } while (others.back().wait_for(std::chrono::milliseconds(1)) != std::future_status::ready);
  go_on.Notify();
  stop.join();
  io_.restart();
  io_.run();
  EXPECT_EQ(first.get().result.value(), "done");
  for (std::future<Ran>& other : others) {
    EXPECT_EQ(ReasonOf(other.get().result.status()), "OVERLOADED");
  }
}

}  // namespace
}  // namespace rostrum::http
