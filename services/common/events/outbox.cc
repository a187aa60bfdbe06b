#include "services/common/events/outbox.h"

#include "absl/strings/str_cat.h"
#include "services/common/base/ids.h"
#include "services/common/postgres/fields.h"
#include "services/common/trace/messaging.h"
#include "services/common/trace/span.h"

namespace rostrum {
namespace {

constexpr char kInsert[] = R"sql(
  INSERT INTO outbox (event_id, type, key, payload, traceparent, create_time)
  SELECT event_id, type, key, payload, traceparent, create_time
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[])
    WITH ORDINALITY AS e (event_id, type, key, payload, traceparent, create_time, place)
  ORDER BY place)sql";

void Describe(Span& span, const google::protobuf::Descriptor& type) {
  if (!span.recorded()) return;
  span.SetName(absl::StrCat(type.name(), " publish"));
  DescribePublish(span, kOutboxSystem, type.full_name());
}

// The columns of events as arrays, in the order of kInsert.
struct Columns {
  std::vector<std::string> ids, types, keys, payloads, traceparents, times;

  // Adds an event that belongs to the current trace.
  void Add(Transaction& tx, const std::string& key, const google::protobuf::Message& payload,
           absl::Time time) {
    // The spans of consumers become children of this span.
    Span span = Span::ChildOf(TraceContext::Current(), SpanKind::kProducer, "");
    Describe(span, *payload.GetDescriptor());
    const TraceContext trace = span.recorded() ? span.context() : TraceContext::Current();
    tx.Keep(std::move(span));
    ids.push_back(NewUuid(time));
    types.push_back(payload.GetDescriptor()->full_name());
    keys.push_back(key);
    payloads.push_back(payload.SerializeAsString());
    traceparents.push_back(trace.trace_id.empty() ? std::string() : trace.Traceparent());
    times.push_back(SqlTime(time));
  }

  void Insert(Transaction& tx) const {
    if (ids.empty()) return;
    tx.Exec(kInsert, SqlArray(ids), SqlArray(types), SqlArray(keys), SqlBytesArray(payloads),
            SqlArray(traceparents), SqlArray(times));
  }
};

}  // namespace

void WriteEvent(Transaction& tx, const std::string& key, const google::protobuf::Message& payload,
                absl::Time now) {
  Columns columns;
  columns.Add(tx, key, payload, now);
  columns.Insert(tx);
}

void WriteEvents(Transaction& tx, const std::vector<OutboxEvent>& events) {
  Columns columns;
  for (const OutboxEvent& event : events) {
    const ScopedTrace of_event(event.trace);
    columns.Add(tx, event.key, *event.payload, event.time);
  }
  columns.Insert(tx);
}

void OutboxSignal::Notify() {
  absl::MutexLock lock(&mu_);
  ++count_;
}

int64_t OutboxSignal::Wait(int64_t seen, absl::Duration timeout) {
  absl::MutexLock lock(&mu_);
  const auto changed = [this, seen]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return count_ != seen; };
  mu_.AwaitWithTimeout(absl::Condition(&changed), timeout);
  return count_;
}

}  // namespace rostrum
