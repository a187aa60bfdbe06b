#include "services/comment/comment_proto.h"

#include "services/common/rpc/etag.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::comment {

pb::Comment ToProto(const Comment& comment) {
  pb::Comment out;
  out.set_comment_id(comment.id.value());
  if (const auto* post_id = std::get_if<PostId>(&comment.subject)) {
    out.set_post_id(post_id->value());
  } else {
    out.set_channel_id(IdOf(comment.subject));
  }
  if (comment.parent_id.has_value()) out.set_parent_id(comment.parent_id->value());
  *out.mutable_create_time() = ToProtoTime(comment.create_time);
  *out.mutable_edit_end_time() = ToProtoTime(comment.create_time + kEditWindow);
  out.set_reply_count(comment.reply_count);
  out.set_depth(comment.depth);
  out.set_etag(EtagOf(comment.version));
  if (comment.deleted()) {
    *out.mutable_delete_time() = ToProtoTime(*comment.delete_time);
    return out;
  }
  out.mutable_author()->set_account_id(comment.author_id.value());
  out.mutable_author()->set_display_name(comment.author_name);
  out.set_body(comment.body);
  out.set_body_html(comment.body_html);
  if (comment.edit_time.has_value()) *out.mutable_edit_time() = ToProtoTime(*comment.edit_time);
  return out;
}

pb::Comment ToEventProto(const Comment& comment) {
  pb::Comment out = ToProto(comment);
  out.clear_body();
  out.clear_body_html();
  return out;
}

pb::CommentRevision ToProto(const Revision& revision) {
  pb::CommentRevision out;
  out.set_body_html(revision.body_html);
  *out.mutable_create_time() = ToProtoTime(revision.create_time);
  return out;
}

}  // namespace rostrum::comment
