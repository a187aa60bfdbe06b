#include "services/common/events/outbox.h"

#include "absl/strings/str_cat.h"
#include "services/common/base/ids.h"
#include "services/common/postgres/fields.h"
#include "services/common/trace/span.h"

namespace rostrum {
namespace {

constexpr char kInsert[] = R"sql(
  INSERT INTO outbox (event_id, type, key, payload, traceparent, create_time)
  VALUES ($1, $2, $3, $4, $5, $6))sql";

std::string SpanName(const google::protobuf::Message& payload) {
  return absl::StrCat(payload.GetDescriptor()->name(), " publish");
}

}  // namespace

void WriteEvent(Transaction& tx, const std::string& key, const google::protobuf::Message& payload,
                absl::Time now) {
  // What consumers do with the event is part of the work of this span.
  const ScopedSpan span(SpanKind::kProducer, SpanName(payload));
  const TraceContext& trace = TraceContext::Current();
  tx.Exec(kInsert, NewUuid(now), payload.GetDescriptor()->full_name(), key,
          SqlBytes(payload.SerializeAsString()),
          trace.trace_id.empty() ? std::string() : trace.Traceparent(), SqlTime(now));
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
