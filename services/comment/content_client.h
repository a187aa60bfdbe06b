#pragma once

#include <chrono>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/channel.h"
#include "rostrum/content/v1/post_service.grpc.pb.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::comment {

// The calls of this service to content. Thread-safe.
class ContentClient {
 public:
  virtual ~ContentClient() = default;
  // OK if the caller of this request may read the post now. PERMISSION_DENIED /
  // POST_NOT_READABLE, NOT_FOUND / POST_NOT_FOUND, UNAVAILABLE.
  virtual absl::Status CheckReadable(const PostId& post_id, const RequestContext& context) = 0;
};

// Caches "everybody may read this post" for as long as content allows
// (CheckPostAccessResponse.shared_for).
class GrpcContentClient final : public ContentClient {
 public:
  GrpcContentClient(std::shared_ptr<grpc::Channel> channel, const IdentitySigner& signer,
                    Metrics& metrics);
  absl::Status CheckReadable(const PostId& post_id, const RequestContext& context) override;

 private:
  using SteadyClock = std::chrono::steady_clock;

  bool IsKnownReadable(const PostId& post_id, SteadyClock::time_point now);
  void KeepReadable(const PostId& post_id, SteadyClock::time_point asked,
                    const google::protobuf::Duration& shared_for);

  ServiceCaller caller_;
  std::unique_ptr<content::v1::PostService::Stub> stub_;
  absl::Mutex mu_;
  absl::flat_hash_map<PostId, SteadyClock::time_point> readable_until_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::comment
