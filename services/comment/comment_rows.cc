#include "services/comment/comment_rows.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"

namespace rostrum::comment {
namespace {

Subject ReadSubject(const pqxx::row& row) {
  if (row[1].is_null()) return ReadId<ChannelId>(row[13]);
  return ReadId<PostId>(row[1]);
}

}  // namespace

const char kCommentColumns[] = R"sql(
  SELECT c.comment_id, c.post_id, c.parent_id, c.author_id, p.display_name, c.body, c.body_html,
         c.create_time, c.edit_time, c.delete_time, c.reply_count, c.depth, c.version, c.channel_id
  FROM comments c JOIN commenters p ON p.account_id = c.author_id
)sql";

Comment ReadComment(const pqxx::row& row) {
  return Comment{
      .id = ReadId<CommentId>(row[0]),
      .subject = ReadSubject(row),
      .parent_id = ReadOptionalId<CommentId>(row[2]),
      .author_id = ReadId<AccountId>(row[3]),
      .author_name = ReadText(row[4]),
      .body = ReadText(row[5]),
      .body_html = ReadText(row[6]),
      .create_time = ReadTime(row[7]),
      .edit_time = ReadOptionalTime(row[8]),
      .delete_time = ReadOptionalTime(row[9]),
      .reply_count = row[10].as<int>(),
      .depth = row[11].as<int>(),
      .version = row[12].as<int64_t>(),
  };
}

std::map<CommentId, Comment> LoadComments(Transaction& tx, const std::vector<CommentId>& ids,
                                          Lock lock) {
  std::map<CommentId, Comment> comments;
  if (ids.empty()) return comments;
  std::vector<std::string> wanted;
  for (const CommentId& id : ids) wanted.push_back(id.value());
  const pqxx::result rows = tx.Exec(
      absl::StrCat(kCommentColumns, " WHERE c.comment_id = ANY ($1::uuid[])",
                   lock == Lock::kForUpdate ? " ORDER BY c.comment_id FOR UPDATE OF c" : ""),
      SqlArray(wanted));
  for (const pqxx::row& row : rows) {
    Comment comment = ReadComment(row);
    const CommentId id = comment.id;
    comments.emplace(id, std::move(comment));
  }
  return comments;
}

absl::StatusOr<Comment> LoadComment(Transaction& tx, const CommentId& id, Lock lock) {
  std::map<CommentId, Comment> found = LoadComments(tx, {id}, lock);
  if (found.empty()) {
    return Error(absl::StatusCode::kNotFound, "COMMENT_NOT_FOUND", "there is no such comment");
  }
  return std::move(found.begin()->second);
}

}  // namespace rostrum::comment
