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
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

class LiveHubTest : public ::testing::Test {
 protected:
  static constexpr absl::Duration kLong = absl::Seconds(30);
  static constexpr absl::Duration kShort = absl::Milliseconds(5);

  // The hub has been there for longer than clocks are apart.
  LiveHubTest() { clock_.Advance(absl::Seconds(3)); }

  absl::StatusOr<std::shared_ptr<LiveStream>> OpenFor(const CallerContext& reader,
                                                      const std::string& topic = "t") {
    return hub_.Open(topic, clock_.Now(), reader, io_.get_executor());
  }
  std::shared_ptr<LiveStream> Open(const std::string& topic, absl::Time since) {
    return hub_.Open(topic, since, NewReader(), io_.get_executor()).value();
  }
  std::shared_ptr<LiveStream> Open(const std::string& topic) { return Open(topic, clock_.Now()); }
  // Each of a network of its own.
  CallerContext NewReader() {
    CallerContext reader;
    reader.network = std::to_string(++networks_);
    return reader;
  }
  static CallerContext SignedIn(const std::string& account_id) {
    CallerContext reader;
    auto identity = std::make_shared<Identity>();
    identity->account_id = account_id;
    reader.identity = std::move(identity);
    return reader;
  }
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
  LiveHub hub_{{.all = 20, .of_account = 2, .of_network = 3}, clock_};
  asio::io_context io_;
  int networks_ = 0;
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
    if (stream->TakeChange().cause.trace_id == cause.trace_id) ++traced;
    EXPECT_EQ(stream->TakeChange().cause.trace_id, "");
  }
  EXPECT_EQ(traced, 10);
}

// So that not all of thousands ask at once.
TEST_F(LiveHubTest, SaysHowManyWereTold) {
  clock_.Advance(absl::Seconds(1));
  const absl::Time before = clock_.Now();
  clock_.Advance(absl::Seconds(1));
  const auto one = Open("t"), two = Open("t"), other = Open("other");
  hub_.Changed("t");
  EXPECT_TRUE(Wait(one, kLong));
  EXPECT_EQ(one->TakeChange().readers, 2u);
  EXPECT_EQ(one->TakeChange().readers, 1u) << "once";
  // One that comes back and has missed something is not alone.
  const auto back = Open("t", before);
  EXPECT_TRUE(Wait(back, kLong));
  EXPECT_EQ(back->TakeChange().readers, 3u);
  hub_.AllChanged();
  EXPECT_TRUE(Wait(other, kLong));
  EXPECT_EQ(other->TakeChange().readers, 4u);
}

TEST_F(LiveHubTest, AReaderHasSoManyStreams) {
  const CallerContext visitor = NewReader(), anna = SignedIn("anna");
  std::vector<std::shared_ptr<LiveStream>> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(OpenFor(visitor, std::to_string(i)).value());
  EXPECT_THAT(OpenFor(visitor).status(), HasReason("TOO_MANY_STREAMS"));
  EXPECT_THAT(OpenFor(visitor), StatusIs(absl::StatusCode::kResourceExhausted));
  for (int i = 0; i < 2; ++i) streams.push_back(OpenFor(anna).value());
  EXPECT_THAT(OpenFor(anna), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(OpenFor(SignedIn("bert")), IsOk()) << "others are not kept out";
  streams.erase(streams.begin());
  EXPECT_THAT(OpenFor(visitor), IsOk()) << "one has gone";
}

TEST_F(LiveHubTest, AllTogetherHaveSoManyStreams) {
  std::vector<std::shared_ptr<LiveStream>> streams;
  for (int i = 0; i < 20; ++i) streams.push_back(Open("t"));
  EXPECT_THAT(OpenFor(NewReader()), StatusIs(absl::StatusCode::kUnavailable));
  streams.pop_back();
  EXPECT_THAT(OpenFor(NewReader()), IsOk());
}

}  // namespace
}  // namespace rostrum::gateway
