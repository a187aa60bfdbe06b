#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/channel.h"
#include "rostrum/event/v1/event_service.grpc.pb.h"
#include "services/common/base/worker.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/event_position.h"

namespace rostrum {

// Applies the events of one other service to this service's database: each
// event and the position after it are committed in one transaction, so it takes
// effect exactly once, whatever is killed when.
//
// Handlers run inside that transaction; they must not call out. An error stops
// the consumer at that event, is logged, and it is tried again.
class EventConsumer {
 public:
  using Handler = std::function<absl::Status(Transaction&, const event::v1::Event&)>;
  // Called first in every transaction of a resync: locks the position, so that of
  // replicas that read a snapshot at once none sets back what another has brought
  // further. ABORTED if another has: the resync then begins anew, if need be.
  using Fence = std::function<absl::Status(Transaction&)>;
  struct Options {
    std::string producer;  // "content"
    // By full name of the payload's message; other events are passed over.
    std::map<std::string, Handler> handlers;
    // Called when the producer no longer has the events after our position, or
    // has a new epoch: brings this service's data up to date from a snapshot
    // (through the producer's API; not in a transaction). May be empty if
    // nothing needs to be read again.
    std::function<absl::Status(const Fence&)> resync;
    // Instead of a snapshot: whether all events that the producer still has are
    // applied again then. For handlers that may meet an event twice.
    bool replay = false;
    // Called first in each transaction of a batch. It may be run anew or rolled back:
    // what handlers have counted before is void then.
    std::function<void()> begin;
    // Called after a batch was committed.
    std::function<void()> applied;
  };
  EventConsumer(PgPool& pool, std::shared_ptr<grpc::Channel> channel, ServiceCaller& caller,
                Options options);
  ~EventConsumer();
  void Stop();

 private:
  absl::Status PullOnce();
  void EndLagIfPassed(const event::v1::Position& stored);
  void EndLag();
  absl::Status StartOver(const event::v1::Position& basis, const ResumePoints& points);
  absl::Status ApplyBatch(const event::v1::Position& after,
                          const event::v1::PullEventsResponse& batch);
  absl::StatusOr<event::v1::Position> LoadPosition();
  absl::StatusOr<event::v1::Position> LockPosition(Transaction& tx);

  PgPool& pool_;
  ServiceCaller& caller_;
  const Options options_;
  prometheus::Histogram& delay_;
  prometheus::Gauge& lag_;
  // The end of the batch that could not be applied, if that was the last one. Of the
  // worker's thread.
  std::optional<event::v1::Position> stuck_before_;
  std::unique_ptr<event::v1::EventService::Stub> stub_;
  absl::Mutex mu_;
  grpc::ClientContext* running_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace rostrum
