#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/common/postgres/transaction.h"
#include "services/common/trace/trace_context.h"

namespace rostrum {

// Writes an event in the transaction of the change that it reports. `key` is the id of the
// thing that changed; the type of `payload` is the type of the event.
void WriteEvent(Transaction& tx, const std::string& key, const google::protobuf::Message& payload,
                absl::Time now);

// An event for WriteEvents, as above.
struct OutboxEvent {
  std::string key;
  std::unique_ptr<google::protobuf::Message> payload;
  absl::Time time;
  TraceContext trace;  // of the work that wrote the event
};
// Writes several events at once. Consumers read them in this order.
void WriteEvents(Transaction& tx, const std::vector<OutboxEvent>& events);

// Wakes the pull streams of this process after a commit, so that events do not wait for the
// next poll. A lost notification delays events by at most the poll interval. Thread-safe.
class OutboxSignal {
 public:
  void Notify();
  // Waits for a Notify after `seen`, at most `timeout`; returns what to pass next.
  int64_t Wait(int64_t seen, absl::Duration timeout);

 private:
  absl::Mutex mu_;
  int64_t count_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace rostrum
