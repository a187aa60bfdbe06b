#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/channel.h"
#include "rostrum/event/v1/event_service.grpc.pb.h"
#include "services/common/base/worker.h"
#include "services/common/rpc/channel.h"

namespace rostrum::gateway {

// Follows the events of one service from now on, for what a gateway keeps in
// memory. Nothing is stored: after a gap that cannot be closed `missed` is
// called, and what was kept is to be thrown away.
class EventTail {
 public:
  struct Options {
    std::string producer;
    std::vector<std::string> types;  // full names of payload messages
    std::function<void(const event::v1::Event&)> on_event;
    // Of all that was committed before then `on_event` was told, or `missed`;
    // InfinitePast if something is there that cannot be told yet. Null if nobody has to
    // know.
    std::function<void(absl::Time)> known_until;
    std::function<void()> missed;
    // Within what the first watermark of a stream is to come. All are taken for earlier
    // than they are by as much, so a stream that took longer, while its connection was
    // made for example, is opened again; the next has twice as long.
    absl::Duration prompt = absl::Milliseconds(50);
  };
  EventTail(std::shared_ptr<grpc::Channel> channel, const ServiceCaller& caller, Options options);
  ~EventTail();

 private:
  absl::Status PullOnce();
  // Opens the stream and reads it to its end.
  absl::Status Read(const event::v1::PullEventsRequest& request);
  // False if the stream is to be opened again because it was not prompt.
  bool Apply(const event::v1::PullEventsResponse& response);

  const ServiceCaller& caller_;
  const Options options_;
  std::unique_ptr<event::v1::EventService::Stub> stub_;
  // Used by the worker only.
  event::v1::Position position_;
  // When this stream was opened, and its first watermark, which was made after that: how
  // their clocks differ cannot be told more exactly, but this errs to the early side,
  // however long a watermark was under way.
  absl::Time opened_;
  absl::Time first_watermark_;
  absl::Duration prompt_;  // of this stream
  absl::Mutex mu_;
  grpc::ClientContext* running_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  // Last: its thread uses all of the above, and the worker itself, at once.
  Worker worker_;
};

}  // namespace rostrum::gateway
