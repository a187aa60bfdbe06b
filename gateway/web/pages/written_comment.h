#pragma once

#include <string>

#include "absl/status/status.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/page.h"
#include "rostrum/comment/v1/comment_service.pb.h"

namespace rostrum::gateway {

// The text typed as a comment or message, without the post or channel that it is for.
comment::v1::CreateCommentRequest TypedComment(const Page& page);

// A comment or message that was refused, or whose creation is uncertain (no answer came).
struct RefusedComment {
  absl::Status status;
  comment::v1::CreateCommentRequest request;
};

// The answer after a comment was written: a redirect to it on the page at `path`. A script that
// wants no page (Prefer: return=minimal, RFC 7240) gets 204 and the comment's address (Location).
http::HttpResponse AnswerWritten(Page& page, const std::string& path,
                                 const comment::v1::Comment& comment);

// Whether nobody is signed in any more, as when the session ended while the comment was typed.
bool IsSignedOut(const absl::Status& status);

// Shows the comment again below the discussion. If it is sent again and exists already, no
// second one is made.
void ShowRefused(Page& page, const RefusedComment& refused, DiscussionState& state,
                 ctemplate::TemplateDictionary& values);

// The typed text and why it was refused, without the discussion.
void FillTyped(Page& page, const RefusedComment& refused, DiscussionState state,
               ctemplate::TemplateDictionary& values);

// A page of the typed text alone, by the template `file`, where the place that it belongs to cannot
// be shown.
http::HttpResponse ShowTyped(Page& page, const RefusedComment& refused, const std::string& file,
                             DiscussionState state);

// The answer when nobody is signed in any more: the typed text again. A script that wants no page
// has the text itself, and is told by a redirect to the login.
http::HttpResponse AnswerSignedOut(Page& page, const RefusedComment& refused,
                                   const std::string& file, DiscussionState state);

}  // namespace rostrum::gateway
