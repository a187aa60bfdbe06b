#pragma once

#include "rostrum/comment/v1/comment_service.pb.h"
#include "services/comment/comment.h"

namespace rostrum::comment {

namespace pb = rostrum::comment::v1;

// The one conversion of comments to the wire.
pb::Comment ToProto(const Comment& comment);
// The same without its text: events are kept for days, whatever is deleted meanwhile.
pb::Comment ToEventProto(const Comment& comment);
pb::CommentRevision ToProto(const Revision& revision);

}  // namespace rostrum::comment
