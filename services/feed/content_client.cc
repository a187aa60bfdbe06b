#include "services/feed/content_client.h"

#include "services/common/base/status.h"

namespace rostrum::feed {
namespace {

namespace pb = rostrum::content::v1;

constexpr int kSnapshotPage = 100;

absl::Status TargetNotFound() {
  return Error(absl::StatusCode::kNotFound, "TARGET_NOT_FOUND", "there is nothing of that id");
}

}  // namespace

GrpcContentClient::GrpcContentClient(const std::shared_ptr<grpc::Channel>& channel,
                                     const IdentitySigner& signer, Metrics& metrics)
    : caller_(signer, "content", absl::Seconds(2), metrics),
      catalog_(pb::CatalogService::NewStub(channel)),
      posts_(pb::PostService::NewStub(channel)) {}

absl::StatusOr<Target> GrpcContentClient::FindTarget(FollowKind kind, const std::string& id) {
  Target target{.kind = kind, .id = id};
  // Calls one of content's getters and keeps the name and slug.
  const auto find = [&](const char* method, const auto& call, auto response) {
    const absl::Status status =
        caller_.Call(method, [&](grpc::ClientContext* ctx) { return call(ctx, &response); });
    target.display_name = response.display_name();
    target.slug = response.slug();
    return absl::IsNotFound(status) ? TargetNotFound() : status;
  };
  absl::Status status;
  if (kind == FollowKind::kChannel) {
    pb::GetChannelRequest request;
    request.set_channel(id);
    status = find(
        "GetChannel",
        [&](grpc::ClientContext* ctx, pb::Channel* response) {
          return catalog_->GetChannel(ctx, request, response);
        },
        pb::Channel());
  } else if (kind == FollowKind::kAuthor) {
    pb::GetAuthorRequest request;
    request.set_author(id);
    status = find(
        "GetAuthor",
        [&](grpc::ClientContext* ctx, pb::Author* response) {
          return catalog_->GetAuthor(ctx, request, response);
        },
        pb::Author());
  } else {
    pb::GetTopicRequest request;
    request.set_topic(id);
    status = find(
        "GetTopic",
        [&](grpc::ClientContext* ctx, pb::Topic* response) {
          return catalog_->GetTopic(ctx, request, response);
        },
        pb::Topic());
  }
  RETURN_IF_ERROR(status);
  return target;
}

absl::Status GrpcContentClient::ReadPublished(
    const std::function<absl::Status(const Page&)>& page) {
  pb::ListPostsRequest request;
  request.set_page_size(kSnapshotPage);
  do {
    pb::ListPostsResponse response;
    RETURN_IF_ERROR(caller_.Call("ListPosts", [&](grpc::ClientContext* ctx) {
      return posts_->ListPosts(ctx, request, &response);
    }));
    RETURN_IF_ERROR(page(response.posts()));
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace rostrum::feed
