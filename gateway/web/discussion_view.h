#pragma once

#include <string>

#include "absl/time/time.h"
#include "gateway/web/dictionary.h"
#include "gateway/web/words.h"
#include "rostrum/comment/v1/comment_service.pb.h"

namespace rostrum::gateway {

// Discussions of posts and conversations in rooms as the values of
// discussion.tpl and conversation.tpl.
struct DiscussionState {
  std::string path;        // of the page that shows it
  std::string post_id;     // of discussions
  std::string live_url;    // of its stream; empty if these are not the latest comments
  std::string fragment;    // the URL of the discussion alone
  std::string account_id;  // of the reader; empty for none
  absl::Time now;
  std::string typed;  // of a comment that was refused
  std::string typed_parent;
  std::string request_id;  // of one that may have been made; empty for a new one
};

// Where a comment is, however many came after it, on the page at `path` of its discussion or room.
std::string CommentPath(const std::string& path, const std::string& comment_id);

// A thread in the order of time, the replies after the comments that they reply to. `comments` are
// newest first, and the latest ones where the discussion is live.
void FillDiscussion(const Words& words, const comment::v1::ListCommentsResponse& comments,
                    const DiscussionState& state, ctemplate::TemplateDictionary& values);

// Says above a form that its reader is not signed in any more, and how to send it yet.
void ShowSignedOut(ctemplate::TemplateDictionary& form);

// The form to write with, alone.
void FillCompose(const DiscussionState& state, ctemplate::TemplateDictionary& values);

// A conversation in the order of time. `comments` are newest first.
void FillConversation(const Words& words, const comment::v1::ListCommentsResponse& comments,
                      const DiscussionState& state, ctemplate::TemplateDictionary& values);

}  // namespace rostrum::gateway
