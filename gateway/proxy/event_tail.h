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
    // Around each stream, which may fail to be opened at all; null for nothing.
    std::function<void()> began;
    std::function<void()> ended;
    std::function<void(const event::v1::Event&)> on_event;
    std::function<void()> missed;
  };
  EventTail(std::shared_ptr<grpc::Channel> channel, const ServiceCaller& caller, Options options);
  ~EventTail();

 private:
  absl::Status PullOnce();
  // Opens the stream and reads it to its end.
  absl::Status Read(const event::v1::PullEventsRequest& request);

  const ServiceCaller& caller_;
  const Options options_;
  std::unique_ptr<event::v1::EventService::Stub> stub_;
  event::v1::Position position_;  // used by the worker only
  absl::Mutex mu_;
  grpc::ClientContext* running_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  // Last: its thread uses all of the above, and the worker itself, at once.
  Worker worker_;
};

}  // namespace rostrum::gateway
