#pragma once

#include "rostrum/content/v1/catalog_service.grpc.pb.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"
#include "services/content/catalog_store.h"

namespace rostrum::content {

// The handlers of rostrum.content.v1.CatalogService. Thread-safe.
class CatalogService final : public v1::CatalogService::Service {
 public:
  // `change_wait`: how long replicas may show the former state after a change
  // (CachedPostStore); an update is answered only after that.
  CatalogService(CatalogStore& store, const PageTokens& page_tokens, Clock& clock,
                 RpcRuntime& runtime, absl::Duration change_wait);

  grpc::Status GetChannel(grpc::ServerContext* ctx, const v1::GetChannelRequest* request,
                          v1::Channel* response) override;
  grpc::Status ListChannels(grpc::ServerContext* ctx, const v1::ListChannelsRequest* request,
                            v1::ListChannelsResponse* response) override;
  grpc::Status CreateChannel(grpc::ServerContext* ctx, const v1::CreateChannelRequest* request,
                             v1::Channel* response) override;
  grpc::Status UpdateChannel(grpc::ServerContext* ctx, const v1::UpdateChannelRequest* request,
                             v1::Channel* response) override;
  grpc::Status GetTopic(grpc::ServerContext* ctx, const v1::GetTopicRequest* request,
                        v1::Topic* response) override;
  grpc::Status ListTopics(grpc::ServerContext* ctx, const v1::ListTopicsRequest* request,
                          v1::ListTopicsResponse* response) override;
  grpc::Status CreateTopic(grpc::ServerContext* ctx, const v1::CreateTopicRequest* request,
                           v1::Topic* response) override;
  grpc::Status GetAuthor(grpc::ServerContext* ctx, const v1::GetAuthorRequest* request,
                         v1::Author* response) override;
  grpc::Status ListAuthors(grpc::ServerContext* ctx, const v1::ListAuthorsRequest* request,
                           v1::ListAuthorsResponse* response) override;
  grpc::Status CreateAuthor(grpc::ServerContext* ctx, const v1::CreateAuthorRequest* request,
                            v1::Author* response) override;
  grpc::Status UpdateAuthor(grpc::ServerContext* ctx, const v1::UpdateAuthorRequest* request,
                            v1::Author* response) override;

 private:
  CatalogStore& store_;
  const PageTokens& page_tokens_;
  Clock& clock_;
  RpcMethods rpc_;
  const absl::Duration change_wait_;
};

}  // namespace rostrum::content
