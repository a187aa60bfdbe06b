#pragma once

#include <memory>

#include "absl/status/status.h"
#include "grpcpp/channel.h"
#include "rostrum/feed/v1/room_service.grpc.pb.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::comment {

// The calls of this service to feed. Thread-safe.
class FeedClient {
 public:
  virtual ~FeedClient() = default;
  // OK if the caller of this request may be in the room of a channel now.
  // PERMISSION_DENIED / ROOM_NOT_JOINED or MEMBERS_ONLY, UNAVAILABLE.
  virtual absl::Status CheckInRoom(const ChannelId& channel_id, const RequestContext& context) = 0;
};

class GrpcFeedClient final : public FeedClient {
 public:
  GrpcFeedClient(std::shared_ptr<grpc::Channel> channel, const IdentitySigner& signer,
                 Metrics& metrics);
  absl::Status CheckInRoom(const ChannelId& channel_id, const RequestContext& context) override;

 private:
  ServiceCaller caller_;
  std::unique_ptr<feed::v1::RoomService::Stub> stub_;
};

}  // namespace rostrum::comment
