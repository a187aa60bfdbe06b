#include "gateway/web/article_requests.h"

namespace rostrum::gateway {
namespace {

constexpr int kCommentsPerPage = 100;
constexpr int kAuthorCardPosts = 3;

}  // namespace

content::v1::ListPostsRequest CardRequest(const content::v1::PostSummary& post) {
  content::v1::ListPostsRequest request;
  request.set_author(post.author().author_id());
  request.set_access_level(subscription::v1::ACCESS_LEVEL_PREMIUM);
  request.set_page_size(kAuthorCardPosts);
  return request;
}

comment::v1::ListCommentsRequest CommentsRequest(const std::string& post_id) {
  comment::v1::ListCommentsRequest request;
  request.set_post_id(post_id);
  request.set_flat(true);
  // The latest first: a new comment is seen at once, however long the discussion is.
  request.set_order(comment::v1::COMMENT_ORDER_NEWEST);
  request.set_page_size(kCommentsPerPage);
  return request;
}

}  // namespace rostrum::gateway
