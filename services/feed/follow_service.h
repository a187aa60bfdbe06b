#pragma once

#include "rostrum/feed/v1/follow_service.grpc.pb.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"
#include "services/feed/content_client.h"
#include "services/feed/follow_store.h"

namespace rostrum::feed {

// The handlers of rostrum.feed.v1.FollowService. Thread-safe.
class FollowService final : public feed::v1::FollowService::Service {
 public:
  FollowService(FollowStore& store, ContentClient& content, const PageTokens& page_tokens,
                Clock& clock, RpcRuntime& runtime);

  grpc::Status CreateFollow(grpc::ServerContext* ctx, const v1::CreateFollowRequest* request,
                            v1::Follow* response) override;
  grpc::Status DeleteFollow(grpc::ServerContext* ctx, const v1::DeleteFollowRequest* request,
                            v1::DeleteFollowResponse* response) override;
  grpc::Status GetFollow(grpc::ServerContext* ctx, const v1::GetFollowRequest* request,
                         v1::Follow* response) override;
  grpc::Status ListFollows(grpc::ServerContext* ctx, const v1::ListFollowsRequest* request,
                           v1::ListFollowsResponse* response) override;

 private:
  FollowStore& store_;
  ContentClient& content_;
  const PageTokens& page_tokens_;
  Clock& clock_;
  RpcMethods rpc_;
};

}  // namespace rostrum::feed
