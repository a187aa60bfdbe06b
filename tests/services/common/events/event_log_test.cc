#include "services/common/events/event_log.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/account/v1/events.pb.h"
#include "services/common/base/ids.h"
#include "services/common/events/epoch.h"
#include "services/common/events/event_service.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/event_position.h"
#include "services/common/rpc/request_context.h"
#include "tests/services/common/events/producer.h"
#include "tests/support/kept_spans.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EventLogTest : public ::testing::Test {
 protected:
  absl::StatusOr<event::v1::Position> Begin(const event::v1::Position& after = {}) {
    event::v1::PullEventsRequest request;
    *request.mutable_after() = after;
    return log_.Begin(request);
  }
  // Names told after a position, which moves on.
  std::vector<std::string> Next(event::v1::Position& position,
                                const std::vector<std::string>& types = {}) {
    const event::v1::PullEventsResponse batch = log_.Read(position, types).value();
    position = batch.position();
    std::vector<std::string> names;
    for (const event::v1::Event& event : batch.events()) names.push_back(NameIn(event));
    return names;
  }

  TestDatabase database_{ProducerSchema()};
  EventLog log_{database_.pool};
};

TEST_F(EventLogTest, TellsAnEventAsItWasWritten) {
  RequestContext context;
  context.trace =
      TraceContext::Continue("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", "");
  ScopedRequestContext bound(context);
  WriteName(database_.pool, "Анна");
  const event::v1::Position begin = Begin().value();
  const event::v1::PullEventsResponse batch = log_.Read(begin, {}).value();
  ASSERT_THAT(batch.events(), SizeIs(1));
  const event::v1::Event& event = batch.events(0);
  EXPECT_EQ(NameIn(event), "Анна");
  EXPECT_EQ(event.key(), "key of Анна");
  EXPECT_EQ(event.payload().type_url(), "type.googleapis.com/rostrum.account.v1.ProfileChanged");
  EXPECT_EQ(event.create_time().seconds(), absl::ToUnixSeconds(kNoon));
  EXPECT_THAT(event.traceparent(), HasSubstr("0123456789abcdef0123456789abcdef"));
  EXPECT_THAT(event.event_id(), SizeIs(36));
  EXPECT_EQ(event.position().epoch(), begin.epoch());
  EXPECT_EQ(event.position().id(), batch.position().id());
}

TEST_F(EventLogTest, TellsInOrderAndEachOnce) {
  event::v1::Position position = Begin().value();
  EXPECT_THAT(Next(position), IsEmpty());
  WriteName(database_.pool, "a");
  WriteName(database_.pool, "b");
  EXPECT_THAT(Next(position), ElementsAre("a", "b"));
  EXPECT_THAT(Next(position), IsEmpty());
  WriteName(database_.pool, "c");
  EXPECT_THAT(Next(position), ElementsAre("c"));
}

// However long they are: a consumer takes no message of any size.
TEST_F(EventLogTest, TellsLongEventsInSeveralBatches) {
  const std::string name(500'000, 'x');
  for (int i = 0; i < 10; ++i) WriteName(database_.pool, name);
  event::v1::Position position = Begin().value();
  std::vector<size_t> told;
  bool more = true;
  while (more) {
    const event::v1::PullEventsResponse batch = log_.Read(position, {}, &more).value();
    EXPECT_LT(batch.ByteSizeLong(), 6'000'000u);
    position = batch.position();
    told.push_back(batch.events_size());
  }
  EXPECT_THAT(told, ElementsAre(5, 5));
}

TEST_F(EventLogTest, TellsNothingOfWhatWasRolledBack) {
  EXPECT_THAT(RunTx(database_.pool,
                    [](Transaction& tx) -> absl::Status {
                      WriteEvent(tx, "key", ProfileChangedTo("never"), kNoon);
                      return absl::CancelledError("no");
                    }),
              StatusIs(absl::StatusCode::kCancelled));
  event::v1::Position position = Begin().value();
  EXPECT_THAT(Next(position), IsEmpty());
}

TEST_F(EventLogTest, OnlyWhatIsCommittedIsShownAsPublished) {
  KeptSpans kept;
  const TraceContext request =
      TraceContext::Parse("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", "");
  const ScopedTrace bound(request);
  int tries = 0;
  ASSERT_THAT(RunTx(database_.pool,
                    [&](Transaction& tx) -> absl::Status {
                      account::v1::ProfileChanged event;
                      WriteEvent(tx, "key", event, kNoon);
                      if (++tries == 1) throw pqxx::serialization_failure("once more");
                      return absl::OkStatus();
                    }),
              IsOk());
  std::vector<bool> failed;
  for (const auto& span : kept.Take()) {
    if (span->kind == SpanKind::kProducer) failed.push_back(span->failed);
  }
  EXPECT_THAT(failed, ElementsAre(true, false));
}

TEST_F(EventLogTest, DoesNotLoseAnEventThatCommitsLate) {
  event::v1::Position position = Begin().value();
  pqxx::connection connection(database_.url);
  Transaction slow(connection);
  WriteEvent(slow, "key", ProfileChangedTo("slow"), kNoon);  // has the smaller id
  WriteName(database_.pool, "fast");
  // Told now, the position would be past the slow one.
  EXPECT_THAT(Next(position), IsEmpty());
  slow.commit();
  EXPECT_THAT(Next(position), ElementsAre("slow", "fast"));
}

TEST_F(EventLogTest, DoesNotLoseAnEventOfATransactionThatBeganEarlierAndWroteLater) {
  event::v1::Position position = Begin().value();
  pqxx::connection connection(database_.url);
  Transaction slow(connection);
  slow.exec("SELECT pg_current_xact_id()");
  WriteName(database_.pool, "fast");  // has the smaller id and the later transaction
  EXPECT_THAT(Next(position), IsEmpty());
  WriteEvent(slow, "key", ProfileChangedTo("slow"), kNoon);
  slow.commit();
  EXPECT_THAT(Next(position), ElementsAre("slow", "fast"));
}

TEST_F(EventLogTest, AnOpenTransactionHoldsBackOnlyWhatCameAfterIt) {
  event::v1::Position position = Begin().value();
  WriteName(database_.pool, "before");
  pqxx::connection connection(database_.url);
  Transaction slow(connection);
  slow.exec("SELECT pg_current_xact_id()");
  EXPECT_THAT(Next(position), ElementsAre("before"));
}

TEST_F(EventLogTest, MovesPastTypesThatNobodyAskedFor) {
  event::v1::Position position = Begin().value();
  WriteName(database_.pool, "a");
  const int64_t before = position.id();
  EXPECT_THAT(Next(position, {"rostrum.account.v1.AccountVerified"}), IsEmpty());
  EXPECT_GT(position.id(), before);
  WriteName(database_.pool, "b");
  EXPECT_THAT(Next(position, {"x", "rostrum.account.v1.ProfileChanged"}), ElementsAre("b"));
}

TEST_F(EventLogTest, TellsAtMostFiveHundredAtOnce) {
  event::v1::Position position = Begin().value();
  EXPECT_THAT(RunTx(database_.pool,
                    [](Transaction& tx) -> absl::Status {
                      for (int i = 0; i < 501; ++i) {
                        WriteEvent(tx, "key", ProfileChangedTo(std::to_string(i)), kNoon);
                      }
                      return absl::OkStatus();
                    }),
              IsOk());
  EXPECT_THAT(Next(position), SizeIs(500));
  EXPECT_THAT(Next(position), ElementsAre("500"));
}

// A crash may give ids of transactions to others, but not one that an event has.
TEST_F(EventLogTest, WhereToGoOnIsAfterTheLastEventAndNotFurther) {
  WriteName(database_.pool, "a");
  event::v1::Position last = Begin().value();
  EXPECT_THAT(Next(last), ElementsAre("a"));
  Execute(database_.pool, "CREATE TABLE later ()");  // takes the id of a transaction
  event::v1::Position position;
  position.set_epoch(kNoEpoch);
  const std::optional<ResumePoints> points = ResumePointsIn(Begin(position).status());
  ASSERT_TRUE(points.has_value());
  EXPECT_EQ(points->after_snapshot.xid(), last.xid());
  EXPECT_EQ(points->after_snapshot.id(), last.id());
}

TEST_F(EventLogTest, AnotherEpochSaysWhereToGoOn) {
  WriteName(database_.pool, "before");
  event::v1::Position position = Begin().value();
  position.set_epoch(kNoEpoch);
  const absl::Status status = Begin(position).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(status, HasReason("EPOCH_CHANGED"));
  WriteName(database_.pool, "after");
  std::optional<ResumePoints> go_on = ResumePointsIn(status);
  ASSERT_TRUE(go_on.has_value());
  ASSERT_THAT(Begin(go_on->after_snapshot), IsOk());
  EXPECT_THAT(Next(go_on->after_snapshot), ElementsAre("after"));
}

TEST_F(EventLogTest, TheEndLeavesOutNothingOfAnOpenTransaction) {
  pqxx::connection connection(database_.url);
  Transaction slow(connection);
  WriteEvent(slow, "key", ProfileChangedTo("slow"), kNoon);
  event::v1::Position position;
  position.set_epoch(kNoEpoch);
  std::optional<ResumePoints> go_on = ResumePointsIn(Begin(position).status());
  ASSERT_TRUE(go_on.has_value());
  slow.commit();
  EXPECT_THAT(Next(go_on->after_snapshot), ElementsAre("slow"));
}

TEST_F(EventLogTest, PurgesWhatIsOldAndTellsThoseWhoHaveNotReadIt) {
  const event::v1::Position start = Begin().value();
  WriteName(database_.pool, "old", kNoon);
  event::v1::Position read = start;
  EXPECT_THAT(Next(read), ElementsAre("old"));
  WriteName(database_.pool, "young", kNoon + absl::Hours(2));

  EXPECT_THAT(
      MaintainOutbox(database_.pool, kNoon + absl::Hours(3), absl::Hours(2), database_.metrics),
      IsOk());
  EXPECT_THAT(database_.metrics.Expose(), HasSubstr("outbox_pending 1"));
  EXPECT_THAT(database_.metrics.Expose(), HasSubstr("outbox_oldest_age_seconds 3600"));

  // Who has read it goes on, who has not is told, and so is who is new.
  ASSERT_THAT(Begin(read), IsOk());
  EXPECT_THAT(Next(read), ElementsAre("young"));
  for (const event::v1::Position& late : {start, event::v1::Position()}) {
    const absl::Status status = Begin(late).status();
    EXPECT_THAT(status, HasReason("POSITION_PURGED"));
    std::optional<ResumePoints> go_on = ResumePointsIn(status);
    ASSERT_TRUE(go_on.has_value());
    EXPECT_THAT(Begin(go_on->after_snapshot), IsOk());
    EXPECT_THAT(Next(go_on->before_first), ElementsAre("young"));
  }
}

TEST_F(EventLogTest, TellsAReaderThatThePurgeHasOvertaken) {
  const event::v1::Position start = Begin().value();
  WriteName(database_.pool, "old", kNoon);
  WriteName(database_.pool, "young", kNoon + absl::Hours(2));
  ASSERT_THAT(
      MaintainOutbox(database_.pool, kNoon + absl::Hours(3), absl::Hours(2), database_.metrics),
      IsOk());
  EXPECT_THAT(log_.Read(start, {}, nullptr).status(), HasReason("POSITION_PURGED"));
}

TEST_F(EventLogTest, OfVeryManyTheNumberKeptIsEstimated) {
  WriteName(database_.pool, "a");
  ASSERT_THAT(RunTx(database_.pool,
                    [](Transaction& tx) -> absl::Status {
                      tx.exec(
                          "UPDATE pg_class SET reltuples = 5000000"
                          " WHERE oid = 'outbox'::regclass");
                      return absl::OkStatus();
                    }),
              IsOk());
  ASSERT_THAT(MaintainOutbox(database_.pool, kNoon, absl::Hours(2), database_.metrics), IsOk());
  EXPECT_THAT(database_.metrics.Expose(), HasSubstr("outbox_pending 5000000"));
}

TEST_F(EventLogTest, ANewEpochTellsWhatIsKeptInItsOrder) {
  WriteName(database_.pool, "purged", kNoon);
  WriteName(database_.pool, "first", kNoon + absl::Hours(2));
  WriteName(database_.pool, "second", kNoon + absl::Hours(2));
  ASSERT_THAT(
      MaintainOutbox(database_.pool, kNoon + absl::Hours(3), absl::Hours(2), database_.metrics),
      IsOk());
  // As if they came from a server that had seen many more transactions.
  ASSERT_THAT(RunTx(database_.pool,
                    [](Transaction& tx) -> absl::Status {
                      tx.exec("UPDATE outbox SET xid = (xid::text::bigint + 1000000)::text::xid8");
                      return absl::OkStatus();
                    }),
              IsOk());
  ASSERT_THAT(BeginEpoch(database_.pool), IsOk());
  WriteName(database_.pool, "third", kNoon + absl::Hours(3));

  const absl::Status fresh = Begin(event::v1::Position()).status();
  EXPECT_THAT(fresh, HasReason("POSITION_PURGED"));
  event::v1::Position old;
  old.set_epoch(NewUuid(kNoon));
  const absl::Status status = Begin(old).status();
  EXPECT_THAT(status, HasReason("EPOCH_CHANGED"));
  event::v1::Position position = ResumePointsIn(status)->before_first;
  ASSERT_THAT(Begin(position), IsOk());
  EXPECT_THAT(Next(position), ElementsAre("first", "second", "third"));
}

TEST_F(EventLogTest, PurgingNothingTellsNobody) {
  WriteName(database_.pool, "a");
  EXPECT_THAT(
      MaintainOutbox(database_.pool, kNoon + absl::Hours(1), absl::Hours(2), database_.metrics),
      IsOk());
  event::v1::Position position = Begin().value();
  EXPECT_THAT(Next(position), ElementsAre("a"));
}

}  // namespace
}  // namespace rostrum
