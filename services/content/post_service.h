#pragma once

#include "rostrum/content/v1/post_service.grpc.pb.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"
#include "services/content/catalog_store.h"
#include "services/content/post_store.h"
#include "services/content/reader_access.h"
#include "services/content/view_counter.h"

namespace rostrum::content {

// The handlers of rostrum.content.v1.PostService. Thread-safe.
class PostService final : public v1::PostService::Service {
 public:
  PostService(PostStore& posts, CatalogStore& catalog, ReaderAccess& access, ViewCounter& views,
              const PageTokens& page_tokens, RpcRuntime& runtime);

  grpc::Status GetPost(grpc::ServerContext* ctx, const v1::GetPostRequest* request,
                       v1::Post* response) override;
  grpc::Status BatchReadPosts(grpc::ServerContext* ctx, const v1::BatchReadPostsRequest* request,
                              v1::BatchReadPostsResponse* response) override;
  grpc::Status ListPosts(grpc::ServerContext* ctx, const v1::ListPostsRequest* request,
                         v1::ListPostsResponse* response) override;
  grpc::Status CheckPostAccess(grpc::ServerContext* ctx, const v1::CheckPostAccessRequest* request,
                               v1::CheckPostAccessResponse* response) override;

 private:
  absl::StatusOr<PostQuery> ReadQuery(const v1::ListPostsRequest& request);
  // One visitor's read in a batch.
  struct Read {
    PostId post_id;  // empty if there is no such post
    Reader reader;
    const v1::VisitorRead* request = nullptr;
    const PostVersion* post = nullptr;  // null if it is not published
  };
  absl::StatusOr<std::vector<Read>> ReadsOf(const v1::BatchReadPostsRequest& request);
  // Adds the summary and text to each reading that was decided and whose gateway does not
  // have that version yet.
  absl::Status FillPosts(const std::vector<Read>& reads, v1::BatchReadPostsResponse& response);

  PostStore& posts_;
  CatalogStore& catalog_;
  ReaderAccess& access_;
  ViewCounter& views_;
  const PageTokens& page_tokens_;
  RpcMethods rpc_;
};

}  // namespace rostrum::content
