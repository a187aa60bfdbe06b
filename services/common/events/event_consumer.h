#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "rostrum/event/v1/event_service.grpc.pb.h"
#include "services/common/base/worker.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/event_position.h"
#include "services/common/rpc/event_source.h"

namespace rostrum {

// Applies the events of one other service to this service's database. Each batch and the
// position after it are committed in one transaction, so every event takes effect exactly
// once, even if a process is killed.
//
// Handlers run inside that transaction and must not call other services. An error stops the
// consumer at that event; it is logged and the event is tried again.
class EventConsumer {
 public:
  using Handler = std::function<absl::Status(Transaction&, const event::v1::Event&)>;
  // Call it first in every transaction of a resync. It locks the position, so that of
  // several replicas that read a snapshot at once none overwrites newer data of another.
  // ABORTED if another replica has moved the position; the resync then starts over, if it
  // is still needed. CANCELLED if this consumer is being stopped.
  using Fence = std::function<absl::Status(Transaction&)>;
  struct Options {
    // By full name of the payload's message; other events are passed over.
    std::map<std::string, Handler> handlers;
    // Called when the producer no longer keeps the events after this consumer's position,
    // or has a new epoch. Brings this service's data up to date from a snapshot, read
    // through the producer's API and outside of a transaction. Empty if nothing needs to be
    // read again.
    std::function<absl::Status(const Fence&)> resync;
    // True: instead of reading a snapshot, apply all events again that the producer still
    // keeps. For handlers that tolerate applying an event twice.
    bool replay = false;
    // Called first in each transaction of a batch. The transaction may be rolled back or
    // run again: reset here what handlers count.
    std::function<void()> begin;
    // Called after a batch was committed.
    std::function<void()> applied;
  };
  // `source` must outlive the consumer.
  EventConsumer(PgPool& pool, const EventSource& source, Options options);
  ~EventConsumer();
  void Stop();

 private:
  bool IsStopping();
  absl::Status PullOnce();
  void EndLagIfPassed(const event::v1::Position& stored);
  void EndLag();
  absl::Status StartOver(const event::v1::Position& basis, const ResumePoints& points);
  absl::Status ApplyBatch(const event::v1::Position& after,
                          const event::v1::PullEventsResponse& batch);
  absl::StatusOr<event::v1::Position> LoadPosition();
  absl::StatusOr<event::v1::Position> LockPosition(Transaction& tx);

  PgPool& pool_;
  const EventSource& source_;
  const Options options_;
  prometheus::Histogram& delay_;
  prometheus::Gauge& lag_;
  // If the last batch could not be applied: the position after it. Used by the worker's
  // thread only.
  std::optional<event::v1::Position> stuck_before_;
  std::unique_ptr<event::v1::EventService::Stub> stub_;
  absl::Mutex mu_;
  grpc::ClientContext* running_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace rostrum
