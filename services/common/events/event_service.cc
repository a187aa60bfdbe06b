#include "services/common/events/event_service.h"

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(200);
// After a new event, how long to wait for more: under load each read then returns many.
constexpr absl::Duration kGather = absl::Milliseconds(5);
// Interval of watermarks. A write that caches must know of waits for longer than this.
constexpr absl::Duration kWatermark = absl::Milliseconds(100);
constexpr size_t kMaxTypes = 100;
// How long Stop lets consumers read what is being sent before it cancels their streams.
constexpr absl::Duration kLastWrite = absl::Seconds(1);

// Finds one position: all events up to it are purged. Some of them may be younger than the
// limit, because creation times do not always follow the order of (xid, id).
constexpr char kPurgeTo[] = R"sql(
  SELECT xid, id FROM (
    SELECT xid, id FROM outbox WHERE create_time < $1 ORDER BY xid, id LIMIT 10000) oldest
  ORDER BY xid DESC, id DESC LIMIT 1)sql";
// At most this many steps of 10,000 events in one run, after a long pause for example.
constexpr int kPurgeSteps = 100;

constexpr char kPurge[] = "DELETE FROM outbox WHERE (xid, id) <= ($1::xid8, $2::bigint)";

constexpr char kRememberPurge[] = R"sql(
  UPDATE outbox_epoch SET purged_xid = $1::xid8, purged_id = $2::bigint
  WHERE (purged_xid, purged_id) < ($1::xid8, $2::bigint))sql";

// Counting millions of rows may exceed the statement timeout, so large tables use PostgreSQL's
// estimate (reltuples, -1 if there is none yet).
constexpr char kKept[] = R"sql(
  SELECT CASE WHEN c.reltuples > 100000 THEN c.reltuples
    ELSE (SELECT count(*) FROM (SELECT FROM outbox LIMIT 100000) few) END,
    (SELECT min(create_time) FROM outbox)
  FROM pg_class c WHERE c.oid = 'outbox'::regclass)sql";

const GaugeFamily kPending{"outbox_pending", "Events kept in the outbox."};
const GaugeFamily kOldestAge{"outbox_oldest_age_seconds", "Age of the oldest event in the outbox."};

}  // namespace

EventService::EventService(PgPool& pool, OutboxSignal& signal, RpcRuntime& runtime)
    : log_(pool), signal_(signal), rpc_(runtime, event::v1::EventService::service_full_name()) {}

// A stream that Stop has to end.
class EventService::OpenStream {
 public:
  OpenStream(EventService& service, grpc::ServerContext* ctx) : service_(service), ctx_(ctx) {
    absl::MutexLock lock(&service_.mu_);
    service_.open_.insert(ctx_);
  }
  ~OpenStream() {
    absl::MutexLock lock(&service_.mu_);
    service_.open_.erase(ctx_);
  }
  OpenStream(const OpenStream&) = delete;
  OpenStream& operator=(const OpenStream&) = delete;

 private:
  EventService& service_;
  grpc::ServerContext* const ctx_;
};

grpc::Status EventService::PullEvents(grpc::ServerContext* ctx,
                                      const event::v1::PullEventsRequest* request,
                                      grpc::ServerWriter<event::v1::PullEventsResponse>* writer) {
  return HandleRpc(rpc_, ctx, "PullEvents", [&](const RequestContext&) -> absl::Status {
    if (request->types_size() > static_cast<int>(kMaxTypes)) {
      return InvalidField("types", "TOO_MANY", "must be at most 100");
    }
    // The stream polls for minutes and belongs to no request, so it is not traced.
    const TraceContext no_trace;
    const ScopedTrace untraced(no_trace);
    const OpenStream open(*this, ctx);
    return Send(ctx, *request, writer);
  });
}

absl::Status EventService::Send(grpc::ServerContext* ctx,
                                const event::v1::PullEventsRequest& request,
                                grpc::ServerWriter<event::v1::PullEventsResponse>* writer) {
  const std::vector<std::string> types(request.types().begin(), request.types().end());
  ASSIGN_OR_RETURN(event::v1::Position position, log_.Begin(request));
  while (!stopping_ && !ctx->IsCancelled()) {
    const int64_t seen = signal_.Wait(-1, absl::ZeroDuration());
    bool more = false;
    const absl::Time now = absl::Now();
    ASSIGN_OR_RETURN(event::v1::PullEventsResponse batch, log_.Read(position, types, &more));
    const bool moved =
        batch.position().xid() != position.xid() || batch.position().id() != position.id();
    if (moved) {
      if (!writer->Write(batch)) break;
      position = batch.position();
    } else if (request.watermarks()) {
      ASSIGN_OR_RETURN(const bool is_last, log_.IsLast(position));
      if (is_last) {
        *batch.mutable_watermark() = ToProtoTime(now);
      } else {
        batch.set_held_back(true);
      }
      if (!writer->Write(batch)) break;
    }
    // Events were just sent: read on at once, so that the watermark after them is not delayed.
    if (moved && request.watermarks()) continue;
    const absl::Duration poll = request.watermarks() ? kWatermark : kPoll;
    if (!more && signal_.Wait(seen, poll) != seen) absl::SleepFor(kGather);
  }
  return absl::OkStatus();
}

void EventService::Stop() {
  stopping_ = true;
  signal_.Notify();
  absl::MutexLock lock(&mu_);
  const auto all_ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return open_.empty(); };
  if (mu_.AwaitWithTimeout(absl::Condition(&all_ended), kLastWrite)) return;
  for (grpc::ServerContext* ctx : open_) ctx->TryCancel();
}

absl::Status MaintainOutbox(PgPool& pool, absl::Time now, absl::Duration keep, Metrics& metrics) {
  bool more = true;
  for (int step = 0; more && step < kPurgeSteps; ++step) {
    ASSIGN_OR_RETURN(more, RunTx<bool>(pool, [&](Transaction& tx) -> absl::StatusOr<bool> {
                       const pqxx::result last = tx.Exec(kPurgeTo, SqlTime(now - keep));
                       if (last.empty()) return false;
                       tx.Exec(kRememberPurge, ReadText(last[0][0]), ReadText(last[0][1]));
                       tx.Exec(kPurge, ReadText(last[0][0]), ReadText(last[0][1]));
                       return true;
                     }));
  }
  return RunTx(pool, [&](Transaction& tx) -> absl::Status {
    const pqxx::row kept = tx.ExecOne(kKept);
    metrics.Gauge(kPending).Set(kept[0].as<double>());
    const absl::Time oldest = ReadOptionalTime(kept[1]).value_or(now);
    metrics.Gauge(kOldestAge).Set(absl::ToDoubleSeconds(now - oldest));
    return absl::OkStatus();
  });
}

}  // namespace rostrum
