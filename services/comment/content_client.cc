#include "services/comment/content_client.h"

#include "services/common/base/status.h"
#include "services/common/rpc/visitor_proto.h"

namespace rostrum::comment {

GrpcContentClient::GrpcContentClient(std::shared_ptr<grpc::Channel> channel,
                                     const IdentitySigner& signer, Metrics& metrics)
    : caller_(signer, "content", absl::Seconds(2), metrics),
      stub_(content::v1::PostService::NewStub(std::move(channel))) {}

absl::Status GrpcContentClient::CheckReadable(const PostId& post_id,
                                              const RequestContext& context) {
  content::v1::CheckPostAccessRequest request;
  request.set_post_id(post_id.value());
  request.set_account_id(context.caller.account_id.value());
  for (const std::string& role : context.caller.roles) request.add_roles(role);
  if (!context.visitor.empty()) *request.mutable_visitor() = ToProto(context.visitor);
  content::v1::CheckPostAccessResponse response;
  RETURN_IF_ERROR(caller_.Call("CheckPostAccess", [&](grpc::ClientContext* ctx) {
    return stub_->CheckPostAccess(ctx, request, &response);
  }));
  if (response.granted()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "POST_NOT_READABLE",
               "only those who may read the post take part in its discussion");
}

}  // namespace rostrum::comment
