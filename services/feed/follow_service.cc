#include "services/feed/follow_service.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/ids.h"
#include "services/common/base/status.h"
#include "services/feed/feed_proto.h"

namespace rostrum::feed {
namespace {

absl::StatusOr<FollowKind> ParseKind(v1::FollowKind kind) {
  if (kind == v1::FOLLOW_KIND_UNSPECIFIED || !v1::FollowKind_IsValid(kind)) {
    return InvalidField("kind", "UNKNOWN_KIND", "must be a channel, an author or a topic");
  }
  return static_cast<FollowKind>(static_cast<int>(kind));
}

std::vector<std::string> CursorParts(const Follow& last) {
  return {absl::StrCat(absl::ToUnixMicros(last.create_time)),
          absl::StrCat(static_cast<int>(last.target.kind)), last.target.id};
}

absl::StatusOr<std::optional<FollowCursor>> ParseCursor(const std::vector<std::string>& parts) {
  if (parts.empty()) return std::nullopt;
  int64_t micros = 0;
  int kind = 0;
  if (!absl::SimpleAtoi(parts[0], &micros) || !absl::SimpleAtoi(parts[1], &kind)) {
    return absl::InternalError("a signed cursor cannot be read");
  }
  return FollowCursor{absl::FromUnixMicros(micros), static_cast<FollowKind>(kind), parts[2]};
}

}  // namespace

FollowService::FollowService(FollowStore& store, ContentClient& content,
                             const PageTokens& page_tokens, Clock& clock, RpcRuntime& runtime)
    : store_(store),
      content_(content),
      page_tokens_(page_tokens),
      clock_(clock),
      rpc_(runtime, v1::FollowService::service_full_name()) {}

grpc::Status FollowService::CreateFollow(grpc::ServerContext* ctx,
                                         const v1::CreateFollowRequest* request,
                                         v1::Follow* response) {
  return HandleRpc(rpc_, ctx, "CreateFollow", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const FollowKind kind, ParseKind(request->kind()));
    RETURN_IF_ERROR(CheckUuid(request->target_id(), "target_id"));
    ASSIGN_OR_RETURN(const Target target, content_.FindTarget(kind, request->target_id()));
    ASSIGN_OR_RETURN(const Follow follow,
                     store_.Create(rc.caller.account_id, target, clock_.Now()));
    *response = ToProto(follow);
    return absl::OkStatus();
  });
}

grpc::Status FollowService::DeleteFollow(grpc::ServerContext* ctx,
                                         const v1::DeleteFollowRequest* request,
                                         v1::DeleteFollowResponse*) {
  return HandleRpc(rpc_, ctx, "DeleteFollow", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const FollowKind kind, ParseKind(request->kind()));
    RETURN_IF_ERROR(CheckUuid(request->target_id(), "target_id"));
    return store_.Delete(rc.caller.account_id, kind, request->target_id());
  });
}

grpc::Status FollowService::GetFollow(grpc::ServerContext* ctx, const v1::GetFollowRequest* request,
                                      v1::Follow* response) {
  return HandleRpc(rpc_, ctx, "GetFollow", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const FollowKind kind, ParseKind(request->kind()));
    RETURN_IF_ERROR(CheckUuid(request->target_id(), "target_id"));
    ASSIGN_OR_RETURN(const Follow follow,
                     store_.Get(rc.caller.account_id, kind, request->target_id()));
    *response = ToProto(follow);
    return absl::OkStatus();
  });
}

grpc::Status FollowService::ListFollows(grpc::ServerContext* ctx,
                                        const v1::ListFollowsRequest* request,
                                        v1::ListFollowsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListFollows", [&](const RequestContext& rc) -> absl::Status {
    std::optional<FollowKind> kind;
    if (request->kind() != v1::FOLLOW_KIND_UNSPECIFIED) {
      ASSIGN_OR_RETURN(kind, ParseKind(request->kind()));
    }
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, rc.caller, *request, 3));
    ASSIGN_OR_RETURN(const std::optional<FollowCursor> after, ParseCursor(page.cursor()));

    ASSIGN_OR_RETURN(std::vector<Follow> follows,
                     store_.List(rc.caller.account_id, kind, after, page.limit()));
    response->set_next_page_token(page.Cut(follows, CursorParts));
    for (const Follow& follow : follows) *response->add_follows() = ToProto(follow);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::feed
