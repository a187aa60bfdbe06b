#pragma once

#include <string>

#include "absl/status/status.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/page.h"
#include "rostrum/comment/v1/comment_service.pb.h"

namespace rostrum::gateway {

// What was typed as a comment or message, without where.
comment::v1::CreateCommentRequest TypedComment(const Page& page);

// A comment or message that was refused, or of which nobody knows whether it was made.
struct RefusedComment {
  absl::Status status;
  comment::v1::CreateCommentRequest request;
};

// Has it shown again below the discussion. Sent again, what may have been made is not
// made twice.
void ShowRefused(Page& page, const RefusedComment& refused, DiscussionState& state,
                 ctemplate::TemplateDictionary& values);

}  // namespace rostrum::gateway
