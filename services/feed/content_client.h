#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "rostrum/content/v1/catalog_service.grpc.pb.h"
#include "rostrum/content/v1/post_service.grpc.pb.h"
#include "services/common/rpc/channel.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

// The calls of this service to content. Thread-safe.
class ContentClient {
 public:
  virtual ~ContentClient() = default;
  // A channel, author or topic by its id. NOT_FOUND / TARGET_NOT_FOUND, UNAVAILABLE.
  virtual absl::StatusOr<Target> FindTarget(FollowKind kind, const std::string& id) = 0;
  // Calls `page` with all published posts, a page at a time. An error of `page` stops it
  // and is returned.
  using Page = google::protobuf::RepeatedPtrField<content::v1::PostSummary>;
  virtual absl::Status ReadPublished(const std::function<absl::Status(const Page&)>& page) = 0;
};

class GrpcContentClient final : public ContentClient {
 public:
  GrpcContentClient(const std::shared_ptr<grpc::Channel>& channel, const IdentitySigner& signer,
                    Metrics& metrics);
  absl::StatusOr<Target> FindTarget(FollowKind kind, const std::string& id) override;
  absl::Status ReadPublished(const std::function<absl::Status(const Page&)>& page) override;

 private:
  ServiceCaller caller_;
  std::unique_ptr<content::v1::CatalogService::Stub> catalog_;
  std::unique_ptr<content::v1::PostService::Stub> posts_;
};

}  // namespace rostrum::feed
