#include "services/comment/comment.h"

#include "services/common/base/status.h"
#include "services/common/rpc/etag.h"

namespace rostrum::comment {
namespace {

absl::Status CheckOwner(const Comment& comment, const AccountId& editor) {
  if (comment.author_id == editor) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "NOT_YOURS", "the comment is somebody else's");
}

}  // namespace

absl::Status CheckReplyTo(const Comment& parent) {
  if (parent.deleted()) {
    return Error(absl::StatusCode::kFailedPrecondition, "PARENT_DELETED",
                 "the comment was deleted");
  }
  if (parent.depth + 1 >= kMaxDepth) {
    return Error(absl::StatusCode::kFailedPrecondition, "TOO_DEEP",
                 "the thread is as deep as it can be");
  }
  return absl::OkStatus();
}

absl::Status Edit(Comment& comment, const AccountId& editor, const std::string& etag,
                  const std::string& body, const std::string& body_html, absl::Time now) {
  RETURN_IF_ERROR(CheckOwner(comment, editor));
  if (comment.deleted()) {
    return Error(absl::StatusCode::kFailedPrecondition, "COMMENT_DELETED",
                 "the comment was deleted");
  }
  if (now >= comment.create_time + kEditWindow) {
    return Error(absl::StatusCode::kFailedPrecondition, "EDIT_WINDOW_CLOSED",
                 "a comment can be edited for 15 minutes");
  }
  RETURN_IF_ERROR(CheckEtag(etag, comment.version));
  if (comment.body == body) return absl::OkStatus();
  comment.body = body;
  comment.body_html = body_html;
  comment.edit_time = now;
  ++comment.version;
  return absl::OkStatus();
}

absl::Status Delete(Comment& comment, const AccountId& editor, const std::string& etag,
                    absl::Time now) {
  RETURN_IF_ERROR(CheckOwner(comment, editor));
  if (comment.deleted()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckEtag(etag, comment.version));
  comment.body.clear();
  comment.body_html.clear();
  comment.delete_time = now;
  ++comment.version;
  return absl::OkStatus();
}

}  // namespace rostrum::comment
