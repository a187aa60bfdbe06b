#include "services/comment/comment_rows.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/id_array.h"

namespace rostrum::comment {
namespace {

Subject ReadSubject(const pqxx::row& row) {
  if (row[1].is_null()) return ReadId<ChannelId>(row[13]);
  return ReadId<PostId>(row[1]);
}

constexpr char kAddReplies[] = R"sql(
  UPDATE comments c SET reply_count = c.reply_count + r.replies
  FROM unnest($1::uuid[], $2::integer[]) AS r (comment_id, replies)
  WHERE c.comment_id = r.comment_id)sql";

// Rows are locked in the same order everywhere, so that two of these cannot deadlock.
constexpr char kAddToDiscussions[] = R"sql(
  INSERT INTO discussions (post_id, comment_count)
  SELECT post_id, comments FROM unnest($1::uuid[], $2::integer[]) AS d (post_id, comments)
  ORDER BY post_id
  ON CONFLICT (post_id) DO UPDATE
  SET comment_count = discussions.comment_count + excluded.comment_count)sql";

void AddCounts(Transaction& tx, const char* sql, const std::map<std::string, int>& counts) {
  if (counts.empty()) return;
  std::vector<std::string> ids, numbers;
  for (const auto& [id, count] : counts) {
    ids.push_back(id);
    numbers.push_back(std::to_string(count));
  }
  tx.Exec(sql, SqlArray(ids), SqlArray(numbers));
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

std::map<CommentId, Comment> ReadComments(const pqxx::result& rows) {
  std::map<CommentId, Comment> comments;
  for (const pqxx::row& row : rows) {
    Comment comment = ReadComment(row);
    const CommentId id = comment.id;
    comments.emplace(id, std::move(comment));
  }
  return comments;
}

std::map<CommentId, Comment> LoadComments(Transaction& tx, const std::vector<CommentId>& ids,
                                          Lock lock) {
  if (ids.empty()) return {};
  const pqxx::result rows = tx.Exec(
      // The subselect keeps the number of ids from the planner, so that it keeps its plan.
      absl::StrCat(kCommentColumns, " WHERE c.comment_id = ANY (ARRAY(SELECT unnest($1::uuid[])))",
                   lock == Lock::kForUpdate ? " ORDER BY c.comment_id FOR UPDATE OF c" : ""),
      SqlIds(ids));
  return ReadComments(rows);
}

absl::StatusOr<Comment> LoadComment(Transaction& tx, const CommentId& id, Lock lock) {
  std::map<CommentId, Comment> found = LoadComments(tx, {id}, lock);
  if (found.empty()) {
    return Error(absl::StatusCode::kNotFound, "COMMENT_NOT_FOUND", "there is no such comment");
  }
  return std::move(found.begin()->second);
}

void AddToDiscussions(Transaction& tx, const std::map<std::string, int>& counts) {
  AddCounts(tx, kAddToDiscussions, counts);
}

void AddReplies(Transaction& tx, const std::map<std::string, int>& counts) {
  AddCounts(tx, kAddReplies, counts);
}

}  // namespace rostrum::comment
