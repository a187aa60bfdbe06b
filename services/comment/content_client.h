#pragma once

#include <memory>

#include "absl/status/status.h"
#include "grpcpp/channel.h"
#include "rostrum/content/v1/post_service.grpc.pb.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::comment {

// What this service asks content. Thread-safe.
class ContentClient {
 public:
  virtual ~ContentClient() = default;
  // OK if the caller of this request may read the post now. PERMISSION_DENIED /
  // POST_NOT_READABLE, NOT_FOUND / POST_NOT_FOUND, UNAVAILABLE.
  virtual absl::Status CheckReadable(const PostId& post_id, const RequestContext& context) = 0;
};

class GrpcContentClient final : public ContentClient {
 public:
  GrpcContentClient(std::shared_ptr<grpc::Channel> channel, const IdentitySigner& signer,
                    Metrics& metrics);
  absl::Status CheckReadable(const PostId& post_id, const RequestContext& context) override;

 private:
  ServiceCaller caller_;
  std::unique_ptr<content::v1::PostService::Stub> stub_;
};

}  // namespace rostrum::comment
