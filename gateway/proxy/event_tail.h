#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "rostrum/event/v1/event_service.grpc.pb.h"
#include "services/common/base/worker.h"
#include "services/common/rpc/event_source.h"

namespace rostrum::gateway {

// Follows the events of one service from now on, for data that the gateway keeps in memory.
// The position is not stored: when events were missed, `missed` is called, and everything
// that was kept must be discarded.
class EventTail {
 public:
  struct Options {
    std::vector<std::string> types;  // full names of payload messages
    std::function<void(const event::v1::Event&)> on_event;
    // Called with a time up to which the events are complete: for every change committed
    // before it, `on_event` or `missed` was called. InfinitePast while an event exists that
    // cannot be sent yet. Null if not needed.
    std::function<void(absl::Time)> known_until;
    std::function<void()> missed;
    // How long the first watermark of a stream may take. All watermarks of the stream are
    // moved into the past by the time that it took. If it took longer (because the
    // connection was made meanwhile, for example), the stream is opened again, and the next
    // may take twice as long.
    absl::Duration prompt = absl::Milliseconds(50);
  };
  // `source` must outlive the tail.
  EventTail(const EventSource& source, Options options);
  ~EventTail();

 private:
  absl::Status PullOnce();
  // Opens the stream and reads it to its end.
  absl::Status Read(const event::v1::PullEventsRequest& request);
  // False if the stream must be opened again because its first watermark took too long.
  bool Apply(const event::v1::PullEventsResponse& response);

  const EventSource& source_;
  const Options options_;
  std::unique_ptr<event::v1::EventService::Stub> stub_;
  // Used by the worker only.
  event::v1::Position position_;
  // When this stream was opened by our clock, and its first watermark by the service's. The
  // watermark was made after the opening, so taking both for the same moment dates every
  // watermark too early but never too late, however long it was in transit.
  absl::Time opened_;
  absl::Time first_watermark_;
  absl::Duration prompt_;  // of this stream
  absl::Mutex mu_;
  grpc::ClientContext* running_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  // Last, because its thread starts at once and uses all members, including the worker.
  Worker worker_;
};

}  // namespace rostrum::gateway
