#pragma once

#include "rostrum/feed/v1/feed_service.grpc.pb.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"
#include "services/feed/feed_store.h"

namespace rostrum::feed {

// The handlers of rostrum.feed.v1.FeedService. Thread-safe.
class FeedService final : public feed::v1::FeedService::Service {
 public:
  FeedService(FeedStore& store, const PageTokens& page_tokens, RpcRuntime& runtime);

  grpc::Status ListFeed(grpc::ServerContext* ctx, const v1::ListFeedRequest* request,
                        v1::ListFeedResponse* response) override;
  grpc::Status MarkFeedSeen(grpc::ServerContext* ctx, const v1::MarkFeedSeenRequest* request,
                            v1::FeedState* response) override;
  grpc::Status GetFeedState(grpc::ServerContext* ctx, const v1::GetFeedStateRequest* request,
                            v1::FeedState* response) override;

 private:
  absl::Status ReadState(const AccountId& account_id, v1::FeedState* response);

  FeedStore& store_;
  const PageTokens& page_tokens_;
  RpcMethods rpc_;
};

}  // namespace rostrum::feed
