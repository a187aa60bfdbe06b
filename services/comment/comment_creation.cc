#include "services/comment/comment_creation.h"

#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rostrum/comment/v1/events.pb.h"
#include "services/comment/comment_proto.h"
#include "services/comment/comment_rows.h"
#include "services/common/base/status.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/fields.h"

namespace rostrum::comment {
namespace {

using Results = std::vector<absl::StatusOr<CreatedComment>>;
using Comments = std::map<CommentId, Comment>;

// A known name stays: the one in the caller's identity may be a minute old, and account reports
// new names by event.
constexpr char kAddCommenters[] = R"sql(
  INSERT INTO commenters (account_id, display_name)
  SELECT DISTINCT ON (account_id) account_id, display_name
  FROM unnest($1::uuid[], $2::text[]) AS c (account_id, display_name)
  ORDER BY account_id ON CONFLICT DO NOTHING)sql";

// Goes before kCommentColumns, which then reads the rows that were just inserted.
constexpr char kInsert[] = R"sql(
  WITH comments AS (
  INSERT INTO comments (comment_id, post_id, channel_id, parent_id, author_id, body, body_html,
                        create_time, depth)
  SELECT comment_id, nullif(post_id, '')::uuid, nullif(channel_id, '')::uuid,
         nullif(parent_id, '')::uuid, author_id, body, body_html, create_time, depth
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
              $8::timestamptz[], $9::integer[])
    AS c (comment_id, post_id, channel_id, parent_id, author_id, body, body_html, create_time,
          depth)
  RETURNING *))sql";

// For the rows of parents and idempotency keys: if another transaction holds one for longer, only
// the comments that need it fail, and the rest of the batch does not wait. Other rows are waited
// for as everywhere.
constexpr char kWaitShortly[] = "SET LOCAL lock_timeout = '250ms'";
constexpr char kWaitAsEver[] = "SET LOCAL lock_timeout = '3s'";

// The subject's id if it is an Id, else "": the value of its column.
template <class Id>
std::string Column(const Subject& subject) {
  const Id* id = std::get_if<Id>(&subject);
  return id == nullptr ? "" : id->value();
}

// Whether the parent, if there is one, is in the same discussion and may be replied to.
absl::Status CheckParent(const NewComment& comment, const Comments& parents) {
  if (!comment.parent_id.has_value()) return absl::OkStatus();
  const auto parent = parents.find(*comment.parent_id);
  if (parent == parents.end() || parent->second.subject != comment.subject) {
    return Error(absl::StatusCode::kNotFound, "PARENT_NOT_FOUND",
                 "there is no such comment to reply to");
  }
  return CheckReplyTo(parent->second);
}

const Comment* ParentOf(const NewComment& comment, const Comments& parents) {
  return comment.parent_id.has_value() ? &parents.at(*comment.parent_id) : nullptr;
}

// Inserts the comments. Returns them as they are stored.
Comments Insert(Transaction& tx, const std::vector<const NewComment*>& comments,
                const Comments& parents) {
  std::vector<std::string> names;
  std::vector<std::string> columns[9];
  for (const NewComment* comment : comments) {
    const Comment* parent = ParentOf(*comment, parents);
    names.push_back(comment->author_name);
    const std::string values[] = {comment->id.value(),
                                  Column<PostId>(comment->subject),
                                  Column<ChannelId>(comment->subject),
                                  parent == nullptr ? "" : parent->id.value(),
                                  comment->author_id.value(),
                                  comment->body,
                                  comment->body_html,
                                  SqlTime(comment->create_time),
                                  std::to_string(parent == nullptr ? 0 : parent->depth + 1)};
    for (size_t i = 0; i < std::size(values); ++i) columns[i].push_back(values[i]);
  }
  const auto& [id, post, channel, parent, author, body, html, time, depth] = columns;
  tx.Exec(kAddCommenters, SqlArray(author), SqlArray(names));
  static const std::string insert = absl::StrCat(kInsert, kCommentColumns);
  return ReadComments(tx.Exec(insert, SqlArray(id), SqlArray(post), SqlArray(channel),
                              SqlArray(parent), SqlArray(author), SqlArray(body), SqlArray(html),
                              SqlArray(time), SqlArray(depth)));
}

void Count(Transaction& tx, const std::vector<const NewComment*>& comments) {
  std::map<std::string, int> replies, discussions;
  for (const NewComment* comment : comments) {
    if (comment->parent_id.has_value()) ++replies[comment->parent_id->value()];
    ++discussions[IdOf(comment->subject)];
  }
  AddReplies(tx, replies);
  AddToDiscussions(tx, discussions);
}

OutboxEvent EventOf(const Creation& creation, const Comment& stored, const Comments& parents) {
  auto event = std::make_unique<v1::CommentCreated>();
  *event->mutable_comment() = ToEventProto(stored);
  if (const Comment* parent = ParentOf(creation.comment, parents); parent != nullptr) {
    event->set_parent_account_id(parent->author_id.value());
  }
  return {.key = IdOf(stored.subject),
          .payload = std::move(event),
          .time = stored.create_time,
          .trace = creation.trace};
}

// Writes the comments of `wanted` at these places.
void Write(Transaction& tx, const std::vector<Creation>& wanted, const std::vector<size_t>& places,
           const Comments& parents, Results& results) {
  if (places.empty()) return;
  std::vector<const NewComment*> comments;
  for (const size_t i : places) comments.push_back(&wanted[i].comment);
  Comments stored = Insert(tx, comments, parents);
  std::vector<OutboxEvent> events;
  for (const size_t i : places) {
    Comment& comment = stored.at(wanted[i].comment.id);
    events.push_back(EventOf(wanted[i], comment, parents));
    results[i] = CreatedComment{std::move(comment), /*fresh=*/true};
  }
  WriteEvents(tx, events);
  // Last, because from here on other transactions wait that comment on the same discussion.
  Count(tx, comments);
}

// Sets the results at these places to what earlier requests with the same keys made. A result
// without an earlier request stays the error that it is.
void FindRepeated(Transaction& tx, const std::vector<Creation>& wanted,
                  const std::vector<size_t>& places, Results& results) {
  std::vector<IdempotencyKey> keys;
  for (const size_t i : places) keys.push_back(wanted[i].key);
  const auto known = FindIdempotentResults(tx, keys);
  for (size_t k = 0; k < places.size(); ++k) {
    absl::StatusOr<CreatedComment>& result = results[places[k]];
    if (!known[k].ok()) {
      result = known[k].status();
    } else if (known[k]->has_value()) {
      absl::StatusOr<Comment> comment = LoadComment(tx, CommentId(**known[k]));
      if (comment.ok()) {
        result = CreatedComment{*std::move(comment)};
      } else {
        result = comment.status();
      }
    }
  }
}

}  // namespace

std::vector<absl::StatusOr<CreatedComment>> CreateComments(Transaction& tx,
                                                           const std::vector<Creation>& wanted) {
  std::vector<CommentId> parent_ids;
  for (const Creation& creation : wanted) {
    if (creation.comment.parent_id.has_value()) parent_ids.push_back(*creation.comment.parent_id);
  }
  tx.exec(kWaitShortly);
  const Comments parents = LoadComments(tx, parent_ids, Lock::kForUpdate);

  Results results;
  std::vector<IdempotencyClaim> claims;
  for (const Creation& creation : wanted) {
    const absl::Status allowed = CheckParent(creation.comment, parents);
    if (allowed.ok()) claims.push_back({creation.key, creation.comment.id.value()});
    results.emplace_back(allowed.ok() ? Error(absl::StatusCode::kAborted, "CONFLICT",
                                              "the same request was being made")
                                      : allowed);
  }
  const std::set<std::string> claimed = ClaimIdempotencyKeys(tx, claims);
  tx.exec(kWaitAsEver);
  std::vector<size_t> fresh, others;
  for (size_t i = 0; i < wanted.size(); ++i) {
    (claimed.contains(wanted[i].comment.id.value()) ? fresh : others).push_back(i);
  }
  Write(tx, wanted, fresh, parents, results);
  FindRepeated(tx, wanted, others, results);
  return results;
}

}  // namespace rostrum::comment
