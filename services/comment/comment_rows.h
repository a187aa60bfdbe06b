#pragma once

#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "services/comment/comment.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::comment {

// Comments from their tables, read in one place.

// SELECT ... FROM comments c JOIN commenters p.
extern const char kCommentColumns[];
// Of such a row.
Comment ReadComment(const pqxx::row& row);

enum class Lock { kNone, kForUpdate };

// Those of these comments that there are, locked in the order of their ids.
std::map<CommentId, Comment> LoadComments(Transaction& tx, const std::vector<CommentId>& ids,
                                          Lock lock = Lock::kNone);
// NOT_FOUND / COMMENT_NOT_FOUND.
absl::StatusOr<Comment> LoadComment(Transaction& tx, const CommentId& id, Lock lock = Lock::kNone);

}  // namespace rostrum::comment
