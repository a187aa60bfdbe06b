#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "rostrum/comment/v1/comment_service.grpc.pb.h"
#include "rostrum/event/v1/event_service.grpc.pb.h"
#include "services/common/rpc/handle_rpc.h"

namespace rostrum {

// A real service of the platform whose handlers do what a test says.
class CommentHandlers final : public comment::v1::CommentService::Service {
 public:
  using Handler = std::function<absl::Status(const RequestContext&)>;

  explicit CommentHandlers(RpcRuntime& runtime)
      : rpc_(runtime, comment::v1::CommentService::service_full_name()) {}

  // Open to anyone.
  grpc::Status GetComment(grpc::ServerContext* ctx, const comment::v1::GetCommentRequest*,
                          comment::v1::Comment*) override {
    return HandleRpc(rpc_, ctx, "GetComment", [&](const RequestContext& rc) {
      context = ctx;
      return handler(rc);
    });
  }
  // For accounts.
  grpc::Status CreateComment(grpc::ServerContext* ctx, const comment::v1::CreateCommentRequest*,
                             comment::v1::Comment*) override {
    return HandleRpc(rpc_, ctx, "CreateComment", handler);
  }

  Handler handler = [](const RequestContext&) { return absl::OkStatus(); };
  // Of the last call; each is served by another thread.
  std::atomic<grpc::ServerContextBase*> context = nullptr;

 private:
  const RpcMethods rpc_;
};

// A stream for services only. Sends `events` messages, then does as it is told.
class EventHandlers final : public event::v1::EventService::Service {
 public:
  explicit EventHandlers(RpcRuntime& runtime)
      : rpc_(runtime, event::v1::EventService::service_full_name()) {}

  grpc::Status PullEvents(grpc::ServerContext* ctx, const event::v1::PullEventsRequest*,
                          grpc::ServerWriter<event::v1::PullEventsResponse>* writer) override {
    return HandleRpc(rpc_, ctx, "PullEvents", [&](const RequestContext& rc) {
      for (int i = 0; i < events; ++i) writer->Write(event::v1::PullEventsResponse());
      return handler(rc);
    });
  }

  int events = 0;
  CommentHandlers::Handler handler = [](const RequestContext&) { return absl::OkStatus(); };

 private:
  const RpcMethods rpc_;
};

}  // namespace rostrum
