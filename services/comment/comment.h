#pragma once

#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"

namespace rostrum::comment {

// What a comment is about: a post, or a channel (then it is a message in the channel's
// room).
using Subject = std::variant<PostId, ChannelId>;

inline const std::string& IdOf(const Subject& subject) {
  return std::visit([](const auto& id) -> const std::string& { return id.value(); }, subject);
}

// A comment on a post or in a room, or a reply to one.
struct Comment {
  CommentId id;
  Subject subject;
  std::optional<CommentId> parent_id;
  AccountId author_id;
  std::string author_name;
  std::string body;       // Markdown; empty once deleted
  std::string body_html;  // rendered when it was saved
  absl::Time create_time;
  std::optional<absl::Time> edit_time;
  std::optional<absl::Time> delete_time;
  int reply_count = 0;
  int depth = 0;
  int64_t version = 1;

  bool deleted() const { return delete_time.has_value(); }
};

// A former text of an edited comment.
struct Revision {
  std::string body_html;
  absl::Time create_time;
};

inline constexpr size_t kMaxBodyCharacters = 10'000;
inline constexpr int kMaxDepth = 8;
inline constexpr absl::Duration kEditWindow = absl::Minutes(15);

// The rules for comments. They are checked inside the store's transaction, so they are pure
// functions of the stored state.

// FAILED_PRECONDITION / PARENT_DELETED or TOO_DEEP.
absl::Status CheckReplyTo(const Comment& parent);
// PERMISSION_DENIED / NOT_YOURS, FAILED_PRECONDITION / COMMENT_DELETED or
// EDIT_WINDOW_CLOSED, ABORTED / ETAG_MISMATCH.
absl::Status Edit(Comment& comment, const AccountId& editor, const std::string& etag,
                  const std::string& body, const std::string& body_html, absl::Time now);
// PERMISSION_DENIED / NOT_YOURS, ABORTED / ETAG_MISMATCH. Deleting twice
// changes nothing.
absl::Status Delete(Comment& comment, const AccountId& editor, const std::string& etag,
                    absl::Time now);

}  // namespace rostrum::comment
