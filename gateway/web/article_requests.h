#pragma once

#include <string>

#include "rostrum/comment/v1/comment_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"

namespace rostrum::gateway {

// What an article page asks for beside the post.

// The author's latest premium posts.
content::v1::ListPostsRequest CardRequest(const content::v1::PostSummary& post);

// The latest comments of the discussion.
comment::v1::ListCommentsRequest CommentsRequest(const std::string& post_id);

}  // namespace rostrum::gateway
