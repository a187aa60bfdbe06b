#pragma once

#include "rostrum/content/v1/search_service.grpc.pb.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"
#include "services/content/reader_access.h"
#include "services/content/search_store.h"

namespace rostrum::content {

// The handlers of rostrum.content.v1.SearchService. Thread-safe.
class SearchService final : public v1::SearchService::Service {
 public:
  SearchService(SearchStore& store, ReaderAccess& access, const PageTokens& page_tokens,
                RpcRuntime& runtime);

  grpc::Status SearchPosts(grpc::ServerContext* ctx, const v1::SearchPostsRequest* request,
                           v1::SearchPostsResponse* response) override;

 private:
  SearchStore& store_;
  ReaderAccess& access_;
  const PageTokens& page_tokens_;
  RpcMethods rpc_;
};

}  // namespace rostrum::content
