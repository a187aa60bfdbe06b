#pragma once

#include <atomic>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "rostrum/event/v1/event_service.grpc.pb.h"
#include "services/common/base/metrics.h"
#include "services/common/events/event_log.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"
#include "services/common/rpc/handle_rpc.h"

namespace rostrum {

// Serves a service's outbox (rostrum.event.v1.EventService). Each pull stream holds a
// thread; there is one stream for each process that consumes the events.
class EventService final : public event::v1::EventService::Service {
 public:
  EventService(PgPool& pool, OutboxSignal& signal, RpcRuntime& runtime);

  grpc::Status PullEvents(grpc::ServerContext* ctx, const event::v1::PullEventsRequest* request,
                          grpc::ServerWriter<event::v1::PullEventsResponse>* writer) override;

  // Ends all streams; called before the server shuts down. Takes at most a second, even if
  // a consumer is paused and does not read what is sent to it.
  void Stop();

 private:
  class OpenStream;
  absl::Status Send(grpc::ServerContext* ctx, const event::v1::PullEventsRequest& request,
                    grpc::ServerWriter<event::v1::PullEventsResponse>* writer);

  EventLog log_;
  OutboxSignal& signal_;
  RpcMethods rpc_;
  std::atomic<bool> stopping_{false};
  absl::Mutex mu_;
  absl::flat_hash_set<grpc::ServerContext*> open_ ABSL_GUARDED_BY(mu_);
};

// Deletes events older than `keep`, and sets the gauges outbox_pending (events kept; an
// estimate if there are more than 100,000) and outbox_oldest_age_seconds. Called from a
// worker.
absl::Status MaintainOutbox(PgPool& pool, absl::Time now, absl::Duration keep, Metrics& metrics);

}  // namespace rostrum
