#pragma once

#include "absl/time/time.h"
#include "rostrum/comment/v1/comment_service.grpc.pb.h"
#include "services/comment/comment_store.h"
#include "services/comment/content_client.h"
#include "services/comment/feed_client.h"
#include "services/common/base/clock.h"
#include "services/common/redis/throttle.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"

namespace rostrum::comment {

// How many comments one account may write.
struct CommentLimits {
  Rate per_minute{.burst = 10, .period = absl::Minutes(1)};
  Rate per_day{.burst = 200, .period = absl::Hours(24)};
};

// The handlers of rostrum.comment.v1.CommentService. Thread-safe.
class CommentService final : public comment::v1::CommentService::Service {
 public:
  CommentService(CommentStore& store, ContentClient& content, FeedClient& feed, Throttle& throttle,
                 const PageTokens& page_tokens, Clock& clock, RpcRuntime& runtime,
                 CommentLimits limits = {});

  grpc::Status CreateComment(grpc::ServerContext* ctx, const v1::CreateCommentRequest* request,
                             v1::Comment* response) override;
  grpc::Status ListComments(grpc::ServerContext* ctx, const v1::ListCommentsRequest* request,
                            v1::ListCommentsResponse* response) override;
  grpc::Status GetComment(grpc::ServerContext* ctx, const v1::GetCommentRequest* request,
                          v1::Comment* response) override;
  grpc::Status UpdateComment(grpc::ServerContext* ctx, const v1::UpdateCommentRequest* request,
                             v1::Comment* response) override;
  grpc::Status DeleteComment(grpc::ServerContext* ctx, const v1::DeleteCommentRequest* request,
                             v1::Comment* response) override;
  grpc::Status ListCommentRevisions(grpc::ServerContext* ctx,
                                    const v1::ListCommentRevisionsRequest* request,
                                    v1::ListCommentRevisionsResponse* response) override;

 private:
  absl::StatusOr<Comment> CreateWithinLimits(NewComment wanted, const IdempotencyKey& key);
  // OK if the caller may read and write in the discussion of the subject now.
  absl::Status CheckReadable(const Subject& subject, const RequestContext& rc);
  // The comment, if it is in the discussion of the subject. NOT_FOUND / COMMENT_NOT_FOUND.
  absl::StatusOr<Comment> GetFrom(const Subject& subject, const CommentId& id);
  // The comment, if the caller may read the discussion that it is in.
  absl::StatusOr<Comment> LoadReadable(const CommentId& id, const RequestContext& rc);

  CommentStore& store_;
  ContentClient& content_;
  FeedClient& feed_;
  Throttle& throttle_;
  const PageTokens& page_tokens_;
  Clock& clock_;
  const CommentLimits limits_;
  RpcMethods rpc_;
};

}  // namespace rostrum::comment
