#include "services/comment/feed_client.h"

#include <utility>

#include "services/common/base/status.h"

namespace rostrum::comment {

GrpcFeedClient::GrpcFeedClient(std::shared_ptr<grpc::Channel> channel, const IdentitySigner& signer,
                               Metrics& metrics)
    : caller_(signer, "feed", absl::Milliseconds(2500), metrics),
      stub_(feed::v1::RoomService::NewStub(std::move(channel))) {}

absl::Status GrpcFeedClient::CheckInRoom(const ChannelId& channel_id,
                                         const RequestContext& context) {
  feed::v1::CheckRoomAccessRequest request;
  request.set_channel_id(channel_id.value());
  request.set_account_id(context.caller.account_id.value());
  for (const std::string& role : context.caller.roles) request.add_roles(role);
  feed::v1::CheckRoomAccessResponse response;
  RETURN_IF_ERROR(caller_.Call("CheckRoomAccess", [&](grpc::ClientContext* ctx) {
    return stub_->CheckRoomAccess(ctx, request, &response);
  }));
  if (response.access() == feed::v1::ROOM_ACCESS_GRANTED) return absl::OkStatus();
  if (response.access() == feed::v1::ROOM_ACCESS_NOT_JOINED) {
    return Error(absl::StatusCode::kPermissionDenied, "ROOM_NOT_JOINED",
                 "only those who joined the room take part in it");
  }
  return Error(absl::StatusCode::kPermissionDenied, "MEMBERS_ONLY", "rooms are for members");
}

}  // namespace rostrum::comment
