#include "services/common/events/event_consumer.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/event_position.h"
#include "services/common/rpc/event_span.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum {
namespace {

constexpr absl::Duration kReconnect = absl::Milliseconds(200);

constexpr char kLoad[] = "SELECT epoch, xid, id FROM event_position WHERE producer = $1";

constexpr char kStore[] = R"sql(
  INSERT INTO event_position (producer, epoch, xid, id) VALUES ($1, $2, $3::xid8, $4)
  ON CONFLICT (producer) DO UPDATE
  SET epoch = excluded.epoch, xid = excluded.xid, id = excluded.id)sql";

constexpr char kPrepare[] = R"sql(
  INSERT INTO event_position (producer, epoch, xid, id)
  VALUES ($1, '00000000-0000-0000-0000-000000000000', '0'::xid8, 0) ON CONFLICT DO NOTHING)sql";

// The stored position; without an epoch if there is none yet.
event::v1::Position ReadPosition(Transaction& tx, const std::string& producer, const char* suffix) {
  event::v1::Position position;
  const pqxx::result rows = tx.Exec(absl::StrCat(kLoad, suffix), producer);
  if (rows.empty()) return position;
  const std::string epoch = ReadText(rows[0][0]);
  if (epoch != kNoEpoch) position.set_epoch(epoch);
  uint64_t xid = 0;
  if (!absl::SimpleAtoi(rows[0][1].c_str(), &xid)) throw std::runtime_error("not an xid8");
  position.set_xid(xid);
  position.set_id(rows[0][2].as<int64_t>());
  return position;
}

void WritePosition(Transaction& tx, const std::string& producer,
                   const event::v1::Position& position) {
  tx.Exec(kStore, producer, position.epoch(), absl::StrCat(position.xid()), position.id());
}

bool IsAfter(const event::v1::Position& a, const event::v1::Position& b) {
  return std::make_tuple(a.xid(), a.id()) > std::make_tuple(b.xid(), b.id());
}

bool IsSame(const event::v1::Position& a, const event::v1::Position& b) {
  return a.epoch() == b.epoch() && a.xid() == b.xid() && a.id() == b.id();
}

constexpr char kOvertaken[] = "OVERTAKEN";

// Another replica has moved the position in a way that this one does not expect.
absl::Status Overtaken() {
  return Error(absl::StatusCode::kAborted, kOvertaken, "another replica has started over");
}

bool IsOvertaken(const absl::Status& status) { return ReasonOf(status) == kOvertaken; }

const HistogramFamily kDelay{
    "event_delay_seconds", "Time from an event to its effect in this service.", {"producer"}};

// Grows while an event cannot be applied, which the histogram would not show.
const GaugeFamily kLag{"event_lag_seconds",
                       "Age of the oldest event that came and is not applied; 0 for none.",
                       {"producer"}};

absl::Status Apply(const EventConsumer::Handler& handler, Transaction& tx,
                   const event::v1::Event& event, const Span& span) {
  const ScopedTrace bound(span.recorded() ? span.context() : TraceContext::Current());
  const ScopedLogFields log_fields(TraceFields(TraceContext::Current()));
  return handler(tx, event);
}

}  // namespace

EventConsumer::EventConsumer(PgPool& pool, const EventSource& source, Options options)
    : pool_(pool),
      source_(source),
      options_(std::move(options)),
      delay_(source.caller.metrics().Seconds(kDelay, {source.name})),
      lag_(source.caller.metrics().Gauge(kLag, {source.name})),
      stub_(event::v1::EventService::NewStub(source.channel)) {
  worker_ = std::make_unique<Worker>(absl::StrCat("events-of-", source.name), kReconnect,
                                     [this] { return PullOnce(); });
}

EventConsumer::~EventConsumer() { Stop(); }

void EventConsumer::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    if (running_ != nullptr) running_->TryCancel();
  }
  worker_->Stop();
}

bool EventConsumer::IsStopping() {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

absl::StatusOr<event::v1::Position> EventConsumer::LoadPosition() {
  return RunQuery<event::v1::Position>(pool_,
                                       [&](Transaction& tx) -> absl::StatusOr<event::v1::Position> {
                                         return ReadPosition(tx, source_.name, "");
                                       });
}

// Makes sure that there is a row to lock, and locks it.
absl::StatusOr<event::v1::Position> EventConsumer::LockPosition(Transaction& tx) {
  tx.Exec(kPrepare, source_.name);
  return ReadPosition(tx, source_.name, " FOR UPDATE");
}

// Reads the stream until it ends. An end is normal: servers limit the age of connections.
absl::Status EventConsumer::PullOnce() {
  event::v1::PullEventsRequest request;
  ASSIGN_OR_RETURN(const event::v1::Position stored, LoadPosition());
  EndLagIfPassed(stored);
  if (!stored.epoch().empty()) *request.mutable_after() = stored;
  for (const auto& [type, handler] : options_.handlers) request.add_types(type);

  grpc::ClientContext context;
  ServiceCaller::Stream stream = source_.caller.Open(kPullEventsPath, &context);
  {
    absl::MutexLock lock(&mu_);
    if (stopping_) return absl::OkStatus();
    running_ = &context;
  }
  const std::unique_ptr<grpc::ClientReader<event::v1::PullEventsResponse>> reader =
      stub_->PullEvents(&context, request);
  absl::Status applied;
  event::v1::PullEventsResponse batch;
  event::v1::Position after = stored;
  while (applied.ok() && reader->Read(&batch)) {
    applied = ApplyBatch(after, batch);
    after = batch.position();
  }
  if (!applied.ok()) context.TryCancel();
  const grpc::Status finished = reader->Finish();
  stream.Ended(finished);
  // A producer that shuts down cancels streams whose consumer does not read in time.
  const absl::Status ended = FromGrpcStatus(NormalizeStatus(finished));
  {
    absl::MutexLock lock(&mu_);
    running_ = nullptr;
    if (stopping_) return absl::OkStatus();
  }
  if (IsOvertaken(applied))
    return absl::OkStatus();  // the next PullOnce starts at the stored position
  if (!applied.ok()) return applied;
  if (const std::optional<ResumePoints> points = ResumePointsIn(ended)) {
    const absl::Status started = StartOver(stored, *points);
    return IsOvertaken(started) || IsStopping() ? absl::OkStatus() : started;
  }
  return absl::IsUnavailable(ended) ? absl::OkStatus() : ended;
}

// Another replica may have applied the events that this one could not apply. Then this one
// does not receive them again, and resets the lag here.
void EventConsumer::EndLagIfPassed(const event::v1::Position& stored) {
  if (!stuck_before_.has_value() || stored.epoch().empty()) return;
  const bool comparable = stored.epoch() == stuck_before_->epoch();
  if (comparable && IsAfter(*stuck_before_, stored)) return;
  EndLag();
}

void EventConsumer::EndLag() {
  stuck_before_.reset();
  lag_.Set(0);
}

// The events after the stored position are gone: reads a snapshot (resync), or applies all
// events that are still kept (replay).
absl::Status EventConsumer::StartOver(const event::v1::Position& basis,
                                      const ResumePoints& points) {
  LogInfo(options_.replay ? "applying all events that are kept"
                          : "reading a snapshot instead of events",
          {{"producer", source_.name}});
  const Fence fence = [&](Transaction& tx) -> absl::Status {
    if (IsStopping()) return absl::CancelledError("stopping");  // a snapshot may be long
    ASSIGN_OR_RETURN(const event::v1::Position stored, LockPosition(tx));
    return IsSame(stored, basis) ? absl::OkStatus() : Overtaken();
  };
  if (options_.resync) RETURN_IF_ERROR(options_.resync(fence));
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(fence(tx));
    WritePosition(tx, source_.name, options_.replay ? points.before_first : points.after_snapshot);
    return absl::OkStatus();
  });
}

// Locks the row of the position, so that of two replicas one applies a batch and the other
// finds it applied. A batch that does not follow the stored position is not applied: another
// replica has started over in the meantime.
absl::Status EventConsumer::ApplyBatch(const event::v1::Position& after,
                                       const event::v1::PullEventsResponse& batch) {
  std::vector<Span> spans;  // end with the commit
  std::vector<absl::Time> applied;
  const absl::Status status = RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    // Left from an attempt that was rolled back and is now repeated.
    for (Span& span : spans) span.Fail(absl::StatusCodeToString(absl::StatusCode::kAborted));
    spans.clear();
    applied.clear();
    if (options_.begin) options_.begin();
    ASSIGN_OR_RETURN(const event::v1::Position stored, LockPosition(tx));
    const bool first = stored.epoch().empty();
    if (!first && stored.epoch() != batch.position().epoch()) return Overtaken();
    if (IsAfter(after, stored)) return Overtaken();
    if (!first && !IsAfter(batch.position(), stored)) return absl::OkStatus();
    for (const event::v1::Event& event : batch.events()) {
      if (!first && !IsAfter(event.position(), stored)) continue;
      const auto handler = options_.handlers.find(TypeOf(event));
      if (handler == options_.handlers.end()) continue;
      spans.push_back(ConsumerSpan(event));
      applied.push_back(FromProtoTime(event.create_time()));
      RETURN_IF_ERROR(Apply(handler->second, tx, event, spans.back()));
    }
    WritePosition(tx, source_.name, batch.position());
    return absl::OkStatus();
  });
  if (!status.ok()) {
    for (Span& span : spans) span.Fail(absl::StatusCodeToString(status.code()));
    if (!IsOvertaken(status) && !batch.events().empty()) {
      const absl::Time oldest = FromProtoTime(batch.events(0).create_time());
      lag_.Set(absl::ToDoubleSeconds(absl::Now() - oldest));
      stuck_before_ = batch.position();
    }
    return status;
  }
  EndLag();
  for (const absl::Time time : applied) {
    delay_.Observe(absl::ToDoubleSeconds(absl::Now() - time));
  }
  if (options_.applied) options_.applied();
  return absl::OkStatus();
}

}  // namespace rostrum
