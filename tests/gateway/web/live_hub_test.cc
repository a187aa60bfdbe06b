#include "gateway/web/live_hub.h"

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"

namespace rostrum::gateway {
namespace {

class LiveHubTest : public ::testing::Test {
 protected:
  static constexpr absl::Duration kLong = absl::Seconds(30);
  static constexpr absl::Duration kShort = absl::Milliseconds(5);

  // The hub has been there for longer than clocks are apart.
  LiveHubTest() { clock_.Advance(absl::Seconds(3)); }

  std::shared_ptr<LiveStream> Open(const std::string& topic, absl::Time since) {
    return hub_.Open(topic, since, io_.get_executor());
  }
  std::shared_ptr<LiveStream> Open(const std::string& topic) { return Open(topic, clock_.Now()); }
  // What one wait comes to.
  bool Wait(const std::shared_ptr<LiveStream>& stream, absl::Duration timeout) {
    std::optional<bool> changed;
    asio::co_spawn(
        io_, [&]() -> asio::awaitable<void> { changed = co_await stream->Wait(timeout); },
        asio::detached);
    io_.restart();
    while (!changed.has_value()) io_.run_one();
    return *changed;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  LiveHub hub_{clock_};
  asio::io_context io_;
};

TEST_F(LiveHubTest, TellsThoseWhoWaitForTheTopicOnly) {
  const auto here = Open(PostTopic("a"));
  const auto also = Open(PostTopic("a"));
  const auto there = Open(PostTopic("b"));
  const auto room = Open(RoomTopic("a"));
  hub_.Changed(PostTopic("a"));
  EXPECT_TRUE(Wait(here, kLong));
  EXPECT_TRUE(Wait(also, kLong));
  EXPECT_FALSE(Wait(there, kShort));
  EXPECT_FALSE(Wait(room, kShort));
}

TEST_F(LiveHubTest, ChangesThatComeTogetherAreOne) {
  const auto stream = Open("t");
  for (int i = 0; i < 10; ++i) hub_.Changed("t");
  EXPECT_TRUE(Wait(stream, kLong));
  EXPECT_FALSE(Wait(stream, kShort));
}

TEST_F(LiveHubTest, WhatHappenedBetweenThePageAndItsStreamIsNotMissed) {
  clock_.Advance(absl::Seconds(1));
  const absl::Time made = clock_.Now();
  clock_.Advance(absl::Seconds(1));
  hub_.Changed("t");
  EXPECT_TRUE(Wait(Open("t", made), kLong));
  EXPECT_FALSE(Wait(Open("other"), kShort));
  // A page of another gateway may have been made later by its clock than it was.
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(Wait(Open("t"), kLong));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(Wait(Open("t"), kShort)) << "that page has it already";
}

TEST_F(LiveHubTest, AGatewayThatBeganLaterCannotKnow) {
  EXPECT_TRUE(Wait(Open("t", clock_.Now() - absl::Seconds(4)), kLong));
}

TEST_F(LiveHubTest, AfterAGapEverythingMayHaveChanged) {
  const auto one = Open("one"), two = Open("two");
  clock_.Advance(absl::Seconds(1));
  const absl::Time before = clock_.Now();
  clock_.Advance(absl::Seconds(1));
  hub_.AllChanged();
  EXPECT_TRUE(Wait(one, kLong));
  EXPECT_TRUE(Wait(two, kLong));
  EXPECT_TRUE(Wait(Open("three", before), kLong));
}

TEST_F(LiveHubTest, ManyTopicsAreForgottenNotMissed) {
  clock_.Advance(absl::Seconds(1));
  const absl::Time before = clock_.Now();
  clock_.Advance(absl::Seconds(1));
  hub_.Changed("first");
  for (int i = 0; i < 10'001; ++i) hub_.Changed(std::to_string(i));
  EXPECT_TRUE(Wait(Open("first", before), kLong));
}

TEST_F(LiveHubTest, AClosedStreamWaitsNoMore) {
  const auto stream = Open("t");
  stream->Close();
  EXPECT_FALSE(Wait(stream, kLong));
  EXPECT_TRUE(stream->closed());
}

TEST_F(LiveHubTest, StreamsComeAndGoWhileThingsChange) {
  std::atomic<bool> done = false;
  std::thread changing([&] {
    while (!done) hub_.Changed("t");
  });
  for (int i = 0; i < 2000; ++i) {
    const auto stream = Open("t");
    io_.poll();
    io_.restart();
  }
  done = true;
  changing.join();
  io_.poll();
  const auto last = Open("t");
  hub_.Changed("t");
  EXPECT_TRUE(Wait(last, kLong));
}

TEST_F(LiveHubTest, PassesTheTraceOfAChangeToTheFirstStreams) {
  std::vector<std::shared_ptr<LiveStream>> streams;
  for (int i = 0; i < 12; ++i) streams.push_back(Open("t"));
  const TraceContext cause =
      TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
  {
    const ScopedTrace bound(cause);
    hub_.Changed("t");
  }
  hub_.Changed("t");  // of no trace; the one before is not forgotten by it
  int traced = 0;
  for (const auto& stream : streams) {
    EXPECT_TRUE(Wait(stream, kLong));
    if (stream->TakeCause().trace_id == cause.trace_id) ++traced;
    EXPECT_EQ(stream->TakeCause().trace_id, "");
  }
  EXPECT_EQ(traced, 10);
}

}  // namespace
}  // namespace rostrum::gateway
