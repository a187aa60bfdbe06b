#pragma once

#include "rostrum/comment/v1/comment_service.pb.h"
#include "services/comment/comment.h"

namespace rostrum::comment {

namespace pb = rostrum::comment::v1;

// Converts comments to protos; nothing else does.
pb::Comment ToProto(const Comment& comment);
// The same without the text, because events are kept for days, even if the comment is
// deleted meanwhile.
pb::Comment ToEventProto(const Comment& comment);
pb::CommentRevision ToProto(const Revision& revision);

}  // namespace rostrum::comment
