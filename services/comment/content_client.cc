#include "services/comment/content_client.h"

#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"
#include "services/common/rpc/visitor_proto.h"

namespace rostrum::comment {
namespace {

constexpr size_t kMaxKept = 10'000;

}  // namespace

GrpcContentClient::GrpcContentClient(std::shared_ptr<grpc::Channel> channel,
                                     const IdentitySigner& signer, Metrics& metrics)
    : caller_(signer, "content", absl::Seconds(2), metrics),
      stub_(content::v1::PostService::NewStub(std::move(channel))) {}

absl::Status GrpcContentClient::CheckReadable(const PostId& post_id,
                                              const RequestContext& context) {
  const SteadyClock::time_point asked = SteadyClock::now();
  if (IsKnownReadable(post_id, asked)) return absl::OkStatus();
  content::v1::CheckPostAccessRequest request;
  request.set_post_id(post_id.value());
  request.set_account_id(context.caller.account_id.value());
  for (const std::string& role : context.caller.roles) request.add_roles(role);
  if (!context.visitor.empty()) *request.mutable_visitor() = ToProto(context.visitor);
  content::v1::CheckPostAccessResponse response;
  RETURN_IF_ERROR(caller_.Call("CheckPostAccess", [&](grpc::ClientContext* ctx) {
    return stub_->CheckPostAccess(ctx, request, &response);
  }));
  if (response.granted()) {
    if (response.has_shared_for()) KeepReadable(post_id, asked, response.shared_for());
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kPermissionDenied, "POST_NOT_READABLE",
               "only those who may read the post take part in its discussion");
}

bool GrpcContentClient::IsKnownReadable(const PostId& post_id, SteadyClock::time_point now) {
  absl::MutexLock lock(&mu_);
  const auto found = readable_until_.find(post_id);
  return found != readable_until_.end() && now < found->second;
}

void GrpcContentClient::KeepReadable(const PostId& post_id, SteadyClock::time_point asked,
                                     const google::protobuf::Duration& shared_for) {
  absl::MutexLock lock(&mu_);
  if (readable_until_.size() >= kMaxKept) readable_until_.clear();
  readable_until_[post_id] = asked + absl::ToChronoNanoseconds(FromProtoDuration(shared_for));
}

}  // namespace rostrum::comment
