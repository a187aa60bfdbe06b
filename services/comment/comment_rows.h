#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/comment/comment.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::comment {

// Reads comments from their tables.

// SELECT ... FROM comments c JOIN commenters p.
extern const char kCommentColumns[];
// Reads a row with these columns.
Comment ReadComment(const pqxx::row& row);
std::map<CommentId, Comment> ReadComments(const pqxx::result& rows);

enum class Lock { kNone, kForUpdate };

// Those of these comments that exist, locked in the order of their ids.
std::map<CommentId, Comment> LoadComments(Transaction& tx, const std::vector<CommentId>& ids,
                                          Lock lock = Lock::kNone);
// NOT_FOUND / COMMENT_NOT_FOUND.
absl::StatusOr<Comment> LoadComment(Transaction& tx, const CommentId& id, Lock lock = Lock::kNone);

// Adds to the comment counts of discussions, by the ids of their subjects.
void AddToDiscussions(Transaction& tx, const std::map<std::string, int>& counts);
// Adds to the reply counts of comments, by their ids.
void AddReplies(Transaction& tx, const std::map<std::string, int>& counts);

}  // namespace rostrum::comment
