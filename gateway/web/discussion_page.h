#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/web/page.h"
#include "rostrum/comment/v1/comment_service.pb.h"

namespace rostrum::gateway {

// One page of a discussion or conversation.
struct DiscussionPage {
  comment::v1::ListCommentsResponse comments;  // newest first
  bool latest = true;                          // no newer ones follow
};

// Whether the query of `page` names a `comment` that is not among these.
bool AsksForAnother(const Page& page, const comment::v1::ListCommentsResponse& comments);

// The `latest` comments, or those around another one that `page` asks for. `request` asks for the
// latest.
asio::awaitable<absl::StatusOr<DiscussionPage>> LeadToComment(
    Page& page, comment::v1::ListCommentsRequest request, comment::v1::ListCommentsResponse latest);

// Loads the comments that the address of `page` asks for: those from `page_token` on, or else what
// LeadToComment returns. `latest` asks for the latest comments.
asio::awaitable<absl::StatusOr<DiscussionPage>> LoadDiscussion(
    Page& page, comment::v1::ListCommentsRequest latest, std::string page_token);

}  // namespace rostrum::gateway
