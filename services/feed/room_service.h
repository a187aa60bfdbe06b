#pragma once

#include <set>
#include <string>

#include "rostrum/feed/v1/room_service.grpc.pb.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"
#include "services/feed/content_client.h"
#include "services/feed/room_store.h"
#include "services/feed/subscription_client.h"

namespace rostrum::feed {

// The handlers of rostrum.feed.v1.RoomService. Thread-safe.
class RoomService final : public v1::RoomService::Service {
 public:
  RoomService(RoomStore& store, ContentClient& content, SubscriptionClient& subscription,
              const PageTokens& page_tokens, Clock& clock, RpcRuntime& runtime);

  grpc::Status GetRoom(grpc::ServerContext* ctx, const v1::GetRoomRequest* request,
                       v1::Room* response) override;
  grpc::Status JoinRoom(grpc::ServerContext* ctx, const v1::JoinRoomRequest* request,
                        v1::Room* response) override;
  grpc::Status LeaveRoom(grpc::ServerContext* ctx, const v1::LeaveRoomRequest* request,
                         v1::Room* response) override;
  grpc::Status ListRoomMembers(grpc::ServerContext* ctx, const v1::ListRoomMembersRequest* request,
                               v1::ListRoomMembersResponse* response) override;
  grpc::Status CheckRoomAccess(grpc::ServerContext* ctx, const v1::CheckRoomAccessRequest* request,
                               v1::CheckRoomAccessResponse* response) override;

 private:
  absl::StatusOr<bool> MayEnter(const AccountId& account_id, const std::set<std::string>& roles);
  absl::StatusOr<v1::RoomAccess> AccessOf(const ChannelId& channel_id, const AccountId& account_id,
                                          const std::set<std::string>& roles);
  // The room as the caller may see it.
  absl::Status Describe(const Target& channel, const RequestContext& rc, bool may_enter,
                        v1::Room* room);

  RoomStore& store_;
  ContentClient& content_;
  SubscriptionClient& subscription_;
  const PageTokens& page_tokens_;
  Clock& clock_;
  RpcMethods rpc_;
};

}  // namespace rostrum::feed
