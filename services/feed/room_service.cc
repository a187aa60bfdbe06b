#include "services/feed/room_service.h"

#include <vector>

#include "services/common/base/status.h"
#include "services/common/rpc/access.h"
#include "services/feed/feed_proto.h"

namespace rostrum::feed {
namespace {

absl::Status NotJoined() {
  return Error(absl::StatusCode::kPermissionDenied, "ROOM_NOT_JOINED", "join the room first");
}

absl::Status MembersOnly() {
  return Error(absl::StatusCode::kPermissionDenied, "MEMBERS_ONLY", "rooms are for members");
}

absl::StatusOr<Target> FindChannel(ContentClient& content, const std::string& channel_id) {
  RETURN_IF_ERROR(CheckUuid(channel_id, "channel_id"));
  const absl::StatusOr<Target> channel = content.FindTarget(FollowKind::kChannel, channel_id);
  if (absl::IsNotFound(channel.status())) {
    return Error(absl::StatusCode::kNotFound, "CHANNEL_NOT_FOUND", "there is no such channel");
  }
  return channel;
}

}  // namespace

RoomService::RoomService(RoomStore& store, ContentClient& content, SubscriptionClient& subscription,
                         const PageTokens& page_tokens, Clock& clock, RpcRuntime& runtime)
    : store_(store),
      content_(content),
      subscription_(subscription),
      page_tokens_(page_tokens),
      clock_(clock),
      rpc_(runtime, v1::RoomService::service_full_name()) {}

absl::StatusOr<bool> RoomService::MayEnter(const AccountId& account_id,
                                           const std::set<std::string>& roles) {
  if (account_id.empty()) return false;
  if (EditsEverything(roles)) return true;
  return subscription_.IsMember(account_id);
}

absl::StatusOr<v1::RoomAccess> RoomService::AccessOf(const ChannelId& channel_id,
                                                     const AccountId& account_id,
                                                     const std::set<std::string>& roles) {
  if (account_id.empty()) return v1::ROOM_ACCESS_NOT_JOINED;
  ASSIGN_OR_RETURN(const std::optional<RoomMember> member, store_.Find(channel_id, account_id));
  if (!member.has_value()) return v1::ROOM_ACCESS_NOT_JOINED;
  ASSIGN_OR_RETURN(const bool may_enter, MayEnter(account_id, roles));
  return may_enter ? v1::ROOM_ACCESS_GRANTED : v1::ROOM_ACCESS_MEMBERS_ONLY;
}

absl::Status RoomService::Describe(const Target& channel, const RequestContext& rc, bool may_enter,
                                   v1::Room* room) {
  const ChannelId channel_id(channel.id);
  std::optional<RoomMember> member;
  if (!rc.caller.account_id.empty()) {
    ASSIGN_OR_RETURN(member, store_.Find(channel_id, rc.caller.account_id));
  }
  ASSIGN_OR_RETURN(const int count, store_.Count(channel_id));
  *room = ToProto(channel, member, count, may_enter);
  return absl::OkStatus();
}

grpc::Status RoomService::GetRoom(grpc::ServerContext* ctx, const v1::GetRoomRequest* request,
                                  v1::Room* response) {
  return HandleRpc(rpc_, ctx, "GetRoom", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Target channel, FindChannel(content_, request->channel_id()));
    ASSIGN_OR_RETURN(const bool may_enter, MayEnter(rc.caller.account_id, rc.caller.roles));
    return Describe(channel, rc, may_enter, response);
  });
}

grpc::Status RoomService::JoinRoom(grpc::ServerContext* ctx, const v1::JoinRoomRequest* request,
                                   v1::Room* response) {
  return HandleRpc(rpc_, ctx, "JoinRoom", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Target channel, FindChannel(content_, request->channel_id()));
    ASSIGN_OR_RETURN(const bool may_enter, MayEnter(rc.caller.account_id, rc.caller.roles));
    if (!may_enter) return MembersOnly();
    RETURN_IF_ERROR(store_.Join(ChannelId(channel.id), {.account_id = rc.caller.account_id,
                                                        .display_name = rc.caller.display_name,
                                                        .listed = request->listed(),
                                                        .join_time = clock_.Now()}));
    return Describe(channel, rc, may_enter, response);
  });
}

grpc::Status RoomService::LeaveRoom(grpc::ServerContext* ctx, const v1::LeaveRoomRequest* request,
                                    v1::Room* response) {
  return HandleRpc(rpc_, ctx, "LeaveRoom", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Target channel, FindChannel(content_, request->channel_id()));
    RETURN_IF_ERROR(store_.Leave(ChannelId(channel.id), rc.caller.account_id));
    // An account may leave even if subscription cannot be asked.
    const bool may_enter = MayEnter(rc.caller.account_id, rc.caller.roles).value_or(false);
    return Describe(channel, rc, may_enter, response);
  });
}

grpc::Status RoomService::ListRoomMembers(grpc::ServerContext* ctx,
                                          const v1::ListRoomMembersRequest* request,
                                          v1::ListRoomMembersResponse* response) {
  return HandleRpc(rpc_, ctx, "ListRoomMembers", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const ChannelId id, ParseId<ChannelId>(request->channel_id(), "channel_id"));
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, rc.caller, *request, 2));
    ASSIGN_OR_RETURN(const auto after, (page.After<RoomCursor, AccountId>()));
    ASSIGN_OR_RETURN(const v1::RoomAccess access,
                     AccessOf(id, rc.caller.account_id, rc.caller.roles));
    if (access == v1::ROOM_ACCESS_NOT_JOINED) return NotJoined();
    if (access != v1::ROOM_ACCESS_GRANTED) return MembersOnly();

    ASSIGN_OR_RETURN(std::vector<RoomMember> members, store_.ListListed(id, after, page.limit()));
    response->set_next_page_token(page.Cut(members, [](const RoomMember& member) {
      return TimeCursorParts(member.join_time, member.account_id.value());
    }));
    for (const RoomMember& member : members) *response->add_members() = ToProto(member);
    return absl::OkStatus();
  });
}

grpc::Status RoomService::CheckRoomAccess(grpc::ServerContext* ctx,
                                          const v1::CheckRoomAccessRequest* request,
                                          v1::CheckRoomAccessResponse* response) {
  return HandleRpc(rpc_, ctx, "CheckRoomAccess", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const ChannelId id, ParseId<ChannelId>(request->channel_id(), "channel_id"));
    AccountId account_id;
    if (!request->account_id().empty()) {
      ASSIGN_OR_RETURN(account_id, ParseId<AccountId>(request->account_id(), "account_id"));
    }
    ASSIGN_OR_RETURN(const v1::RoomAccess access,
                     AccessOf(id, account_id, {request->roles().begin(), request->roles().end()}));
    response->set_access(access);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::feed
