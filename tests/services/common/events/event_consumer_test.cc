#include "services/common/events/event_consumer.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/events/epoch.h"
#include "services/common/events/event_service.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/common/events/producer.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/kept_spans.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Fence = EventConsumer::Fence;

bool Eventually(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + absl::Minutes(1);
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

// The attribute of a span, or nothing.
std::string TextOf(const SpanData& span, const std::string& key) {
  for (const LogField& field : span.attributes) {
    if (field.key == key) return std::get<std::string>(field.value);
  }
  return "";
}

// The account service tells events; the comment service applies them to a
// database of its own, where each handled event adds a row.
class EventConsumerTest : public GrpcFixture {
 protected:
  EventConsumerTest() : GrpcFixture("account") {
    Execute(consumer_.pool, "CREATE TABLE applied (number serial, name text NOT NULL)");
    Serve({&service_});
    source_.emplace("account", channel(), signer("comment"), metrics());
  }
  void TearDown() override {
    consumers_.clear();
    service_.Stop();
    Stop();
  }

  static absl::Status Apply(Transaction& tx, const event::v1::Event& event) {
    tx.Exec("INSERT INTO applied (name) VALUES ($1)", NameIn(event));
    return absl::OkStatus();
  }
  EventConsumer& Consume(EventConsumer::Handler handler = Apply,
                         std::function<absl::Status(const Fence&)> resync = nullptr,
                         bool replay = false) {
    EventConsumer::Options options = Handle(std::move(handler));
    options.resync = std::move(resync);
    options.replay = replay;
    options.applied = [this] { ++batches_; };
    return Start(std::move(options), *source_);
  }
  static EventConsumer::Options Handle(EventConsumer::Handler handler) {
    return {
        .handlers = {{account::v1::ProfileChanged::descriptor()->full_name(), std::move(handler)}}};
  }
  EventConsumer& Start(EventConsumer::Options options, const EventSource& source) {
    return *consumers_.emplace_back(
        std::make_unique<EventConsumer>(consumer_.pool, source, std::move(options)));
  }
  void Write(const std::string& name) {
    WriteName(producer_.pool, name);
    signal_.Notify();
  }
  // In the order in which they were applied. Tries again while connections are cut.
  std::vector<std::string> Applied() {
    absl::StatusOr<std::vector<std::string>> names;
    EXPECT_TRUE(Eventually([&] {
      names = RunRead<std::vector<std::string>>(
          consumer_.pool, [](Transaction& tx) -> absl::StatusOr<std::vector<std::string>> {
            std::vector<std::string> all;
            for (const pqxx::row& row : tx.exec("SELECT name FROM applied ORDER BY number")) {
              all.push_back(row[0].as<std::string>());
            }
            return all;
          });
      return names.ok();
    }));
    return *names;
  }
  bool Reaches(size_t count) {
    return Eventually([&] { return Applied().size() >= count; });
  }
  // After one more event has come through, everything before it has too.
  std::vector<std::string> AppliedUpTo(const std::string& last) {
    Write(last);
    EXPECT_TRUE(Eventually([&] {
      const std::vector<std::string> names = Applied();
      return !names.empty() && names.back() == last;
    }));
    return Applied();
  }
  // By the metrics that Consume's tell.
  bool IsBehind() {
    return metrics().Expose().find("event_lag_seconds{producer=\"account\"} 0\n") ==
           std::string::npos;
  }
  // As after a restore from a backup.
  void ChangeEpoch() { EXPECT_THAT(BeginEpoch(producer_.pool), IsOk()); }

  TestDatabase producer_{ProducerSchema()};
  TestDatabase consumer_{ProducerSchema()};
  OutboxSignal signal_;
  EventService service_{producer_.pool, signal_, runtime()};
  std::optional<EventSource> source_;
  std::atomic<int> batches_{0};
  std::vector<std::unique_ptr<EventConsumer>> consumers_;
};

TEST_F(EventConsumerTest, AppliesWhatExistsAndWhatComes) {
  Write("a");
  Consume();
  EXPECT_TRUE(Reaches(1));
  EXPECT_THAT(AppliedUpTo("b"), ElementsAre("a", "b"));
  EXPECT_GE(batches_, 2);
}

TEST_F(EventConsumerTest, PassesOverOtherTypes) {
  Consume();
  EXPECT_THAT(RunTx(producer_.pool,
                    [](Transaction& tx) -> absl::Status {
                      WriteEvent(tx, "key", account::v1::CredentialsRevoked(), kNoon);
                      return absl::OkStatus();
                    }),
              IsOk());
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
}

TEST_F(EventConsumerTest, TwoReplicasApplyEachEventOnce) {
  std::vector<std::string> written;
  Consume();
  Consume();
  for (int i = 0; i < 100; ++i) {
    written.push_back(std::to_string(i));
    Write(written.back());
  }
  written.push_back("last");
  EXPECT_EQ(AppliedUpTo("last"), written);
  consumers_.erase(consumers_.begin());
  written.push_back("alone");
  EXPECT_EQ(AppliedUpTo("alone"), written);
}

TEST_F(EventConsumerTest, GoesOnWhereAnotherProcessEnded) {
  for (int round = 0; round < 3; ++round) {
    Write(std::to_string(round));
    Consume();
    EXPECT_TRUE(Reaches(round + 1));
    consumers_.clear();
  }
  EXPECT_THAT(Applied(), ElementsAre("0", "1", "2"));
}

TEST_F(EventConsumerTest, AppliesEachEventOnceHoweverOftenItIsCutOff) {
  Consume();
  const std::string cut =
      std::string("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '") +
      pqxx::connection(consumer_.url).dbname() + "'";
  std::vector<std::string> written;
  for (int i = 0; i < 60; ++i) {
    written.push_back(std::to_string(i));
    Write(written.back());
    if (i % 10 == 5) PostgresServer::Get().Execute(cut);
  }
  written.push_back("last");
  EXPECT_EQ(AppliedUpTo("last"), written);
}

TEST_F(EventConsumerTest, StopsAtAnEventThatFailsAndTriesAgain) {
  std::atomic<int> failures{2};
  Consume([&](Transaction& tx, const event::v1::Event& event) -> absl::Status {
    RETURN_IF_ERROR(Apply(tx, event));
    if (NameIn(event) == "b" && failures-- > 0) return absl::InternalError("cannot yet");
    return absl::OkStatus();
  });
  Write("a");
  Write("b");
  Write("c");
  EXPECT_TRUE(Reaches(3));
  EXPECT_THAT(Applied(), ElementsAre("a", "b", "c"));
  EXPECT_LT(failures, 0);
}

TEST_F(EventConsumerTest, IsPartOfTheTraceOfTheEvent) {
  KeptSpans kept;
  const TraceContext request =
      TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
  TraceContext seen;
  Consume([&](Transaction& tx, const event::v1::Event& event) {
    if (NameIn(event) == "traced") seen = TraceContext::Current();
    return Apply(tx, event);
  });
  Write("of nobody's request");
  {
    const ScopedTrace bound(request);
    Write("traced");
  }
  EXPECT_TRUE(Reaches(2));
  // Transaction and event at the producer, then what the consumer made of it.
  ASSERT_TRUE(Eventually([&] { return kept.size() == 3; }));
  const auto spans = kept.Take();
  const auto of_kind = [&](SpanKind kind) {
    return absl::c_find_if(spans, [&](const auto& span) { return span->kind == kind; })->get();
  };
  const SpanData& written = *of_kind(SpanKind::kProducer);
  const SpanData& applied = *of_kind(SpanKind::kConsumer);
  EXPECT_EQ(written.name, "ProfileChanged publish");
  EXPECT_EQ(written.context.parent_id, of_kind(SpanKind::kClient)->context.span_id);
  EXPECT_EQ(applied.name, "ProfileChanged process");
  EXPECT_EQ(applied.context.trace_id, request.trace_id);
  EXPECT_EQ(applied.context.parent_id, written.context.span_id);
  EXPECT_EQ(seen.span_id, applied.context.span_id);
  EXPECT_FALSE(applied.failed);
  const std::string type = account::v1::ProfileChanged::descriptor()->full_name();
  EXPECT_EQ(TextOf(written, "messaging.system"), "outbox");
  EXPECT_EQ(TextOf(written, "messaging.destination.name"), type);
  EXPECT_EQ(TextOf(written, "messaging.operation.type"), "publish");
  EXPECT_EQ(TextOf(applied, "messaging.system"), "outbox");
  EXPECT_EQ(TextOf(applied, "messaging.destination.name"), type);
  EXPECT_EQ(TextOf(applied, "messaging.operation.type"), "process");
  consumers_.clear();  // before what it tells its spans to
}

TEST_F(EventConsumerTest, TellsHowFarBehindItIs) {
  std::atomic<bool> refusing{true};
  Consume([&](Transaction& tx, const event::v1::Event& event) -> absl::Status {
    return refusing ? absl::InternalError("cannot yet") : Apply(tx, event);
  });
  Write("a");
  EXPECT_TRUE(Eventually([&] { return IsBehind(); }));
  refusing = false;
  EXPECT_TRUE(Eventually([&] { return !IsBehind(); }));
  EXPECT_TRUE(Eventually([&] {
    const std::string delays = "event_delay_seconds_count{producer=\"account\"} 1";
    return metrics().Expose().find(delays) != std::string::npos;
  }));
}

TEST_F(EventConsumerTest, IsNotBehindWithWhatAnotherReplicaHasApplied) {
  Consume([](Transaction&, const event::v1::Event&) { return absl::InternalError("never"); });
  Write("a");
  EXPECT_TRUE(Eventually([&] { return IsBehind(); }));
  Metrics of_the_other;
  const EventSource source("account", channel(), signer("comment"), of_the_other);
  Start(Handle(Apply), source);
  EXPECT_TRUE(Reaches(1));
  EXPECT_TRUE(Eventually([&] { return !IsBehind(); }));
  consumers_.clear();  // before the source
}

TEST_F(EventConsumerTest, SaysWhenATransactionBeginsAnew) {
  int counted = 0, failures = 2;
  std::atomic<int> told{0};
  auto options = Handle([&](Transaction& tx, const event::v1::Event& event) {
    ++counted;
    if (--failures == 1) tx.exec("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
    return failures == 0 ? absl::InternalError("cannot yet") : Apply(tx, event);
  });
  options.begin = [&] { counted = 0; };
  options.applied = [&] { told += counted; };
  Start(std::move(options), *source_);
  Write("a");
  EXPECT_TRUE(Eventually([&] { return told > 0; }));
  EXPECT_EQ(told, 1);
  EXPECT_LT(failures, 0);
  consumers_.clear();  // before what it counts in
}

TEST_F(EventConsumerTest, AHandlerThatThrowsIsTriedAgain) {
  std::atomic<int> failures{1};
  Consume([&](Transaction& tx, const event::v1::Event& event) -> absl::Status {
    if (failures-- > 0) tx.exec("SELECT 1 / 0");
    return Apply(tx, event);
  });
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
}

TEST_F(EventConsumerTest, ANewEpochIsResyncedOnce) {
  std::atomic<int> resyncs{0};
  const auto resync = [&](const Fence&) {
    ++resyncs;
    return absl::OkStatus();
  };
  Consume(Apply, resync);
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
  consumers_.clear();
  EXPECT_EQ(resyncs, 0);

  Write("in the snapshot");
  ChangeEpoch();
  Consume(Apply, resync);
  EXPECT_TRUE(Eventually([&] { return resyncs > 0; }));
  // What the snapshot holds is not told again.
  EXPECT_THAT(AppliedUpTo("b"), ElementsAre("a", "b"));
  consumers_.clear();
  Consume(Apply, resync);
  EXPECT_THAT(AppliedUpTo("c"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(resyncs, 1);
}

TEST_F(EventConsumerTest, APurgedPositionIsResyncedOnce) {
  std::atomic<int> resyncs{0};
  Write("purged");
  EXPECT_THAT(MaintainOutbox(producer_.pool, kNoon + absl::Hours(2), absl::Hours(1), metrics()),
              IsOk());
  Consume(Apply, [&](const Fence&) {
    ++resyncs;
    return absl::OkStatus();
  });
  EXPECT_TRUE(Eventually([&] { return resyncs > 0; }));
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
  EXPECT_EQ(resyncs, 1);
}

TEST_F(EventConsumerTest, AResyncThatFailsIsTriedAgainBeforeAnyEvent) {
  std::atomic<int> resyncs{0};
  Write("purged");
  EXPECT_THAT(MaintainOutbox(producer_.pool, kNoon + absl::Hours(2), absl::Hours(1), metrics()),
              IsOk());
  Write("a");
  Consume(Apply, [&](const Fence&) -> absl::Status {
    EXPECT_THAT(Applied(), IsEmpty());
    if (++resyncs == 1) return absl::UnavailableError("not yet");
    return absl::OkStatus();
  });
  EXPECT_TRUE(Eventually([&] { return resyncs == 2; }));
  EXPECT_THAT(AppliedUpTo("b"), ElementsAre("b"));
  EXPECT_EQ(resyncs, 2);
}

TEST_F(EventConsumerTest, WithoutResyncItGoesOnFromTheSnapshot) {
  Write("purged");
  EXPECT_THAT(MaintainOutbox(producer_.pool, kNoon + absl::Hours(2), absl::Hours(1), metrics()),
              IsOk());
  Consume();
  EXPECT_TRUE(Eventually([&] {
    return RunRead<bool>(consumer_.pool,
                         [](Transaction& tx) -> absl::StatusOr<bool> {
                           return !tx.exec("SELECT 1 FROM event_position").empty();
                         })
        .value();
  }));
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
}

TEST_F(EventConsumerTest, ReplayAppliesAllThatIsKept) {
  Consume(Apply, nullptr, /*replay=*/true);
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
  consumers_.clear();
  Write("b");
  ChangeEpoch();
  Consume(Apply, nullptr, /*replay=*/true);
  EXPECT_THAT(AppliedUpTo("c"), ElementsAre("a", "a", "b", "c"));
}

// Two replicas read a snapshot; the slower one's is the older one.
TEST_F(EventConsumerTest, ASnapshotNeverSetsBackWhatAnotherReplicaHasBroughtFurther) {
  Consume();
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
  consumers_.clear();
  ChangeEpoch();

  absl::Notification slow_has_read, fast_reads, go_on;
  std::atomic<int> slow_resyncs{0}, refused{0};
  Consume(Apply, [&](const Fence& fence) -> absl::Status {
    ++slow_resyncs;
    if (!slow_has_read.HasBeenNotified()) slow_has_read.Notify();
    go_on.WaitForNotification();
    const absl::Status written = RunTx(consumer_.pool, [&](Transaction& tx) -> absl::Status {
      RETURN_IF_ERROR(fence(tx));
      tx.exec("INSERT INTO applied (name) VALUES ('an old snapshot')");
      return absl::OkStatus();
    });
    if (!written.ok()) ++refused;
    return written;
  });
  slow_has_read.WaitForNotification();
  Consume(Apply, [&](const Fence& fence) {
    fast_reads.Notify();
    return RunTx(consumer_.pool, fence);
  });
  fast_reads.WaitForNotification();
  EXPECT_THAT(AppliedUpTo("b"), ElementsAre("a", "b"));
  go_on.Notify();
  EXPECT_TRUE(Eventually([&] { return refused == 1; }));
  EXPECT_THAT(AppliedUpTo("c"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(slow_resyncs, 1);
}

TEST_F(EventConsumerTest, StopsInTheMiddleOfASnapshot) {
  Consume();
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
  consumers_.clear();
  ChangeEpoch();
  absl::Notification begun;
  absl::Status last;
  EventConsumer& consumer = Consume(Apply, [&](const Fence& fence) {
    if (!begun.HasBeenNotified()) begun.Notify();
    do {
      last = RunTx(consumer_.pool, fence);
    } while (last.ok());
    return last;
  });
  begun.WaitForNotification();
  consumer.Stop();
  EXPECT_THAT(last, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(EventConsumerTest, StopsWhileItWaitsForEvents) {
  EventConsumer& consumer = Consume();
  EXPECT_THAT(AppliedUpTo("a"), ElementsAre("a"));
  consumer.Stop();
  consumer.Stop();
  Write("b");
  EXPECT_THAT(Applied(), ElementsAre("a"));
}

}  // namespace
}  // namespace rostrum
