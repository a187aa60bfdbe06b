#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/comment/comment.h"
#include "services/common/postgres/idempotency.h"

namespace rostrum::comment {

struct NewComment {
  CommentId id;
  Subject subject;
  std::optional<CommentId> parent_id;
  AccountId author_id;
  std::string author_name;
  std::string body;
  std::string body_html;
  absl::Time create_time;
};

// A place in a discussion: the last comment of a page.
struct CommentCursor {
  absl::Time create_time;
  CommentId id;
};

struct CommentQuery {
  Subject subject;
  std::optional<CommentId>
      parent_id;      // only replies to it; unset: only comments that are no replies
  bool flat = false;  // the whole discussion
  bool newest_first = false;
  std::optional<CommentCursor> after;
  int limit = 20;
};

// Stores comments. Thread-safe. All methods may return UNAVAILABLE when the
// database cannot be reached; other codes are listed per method.
class CommentStore {
 public:
  virtual ~CommentStore() = default;

  // The comment that an earlier request with this key created, or nullopt. INVALID_ARGUMENT
  // / REQUEST_ID_REUSED.
  virtual absl::StatusOr<std::optional<Comment>> FindRepeated(const IdempotencyKey& key) = 0;

  // Adds a comment, once for each key. NOT_FOUND / PARENT_NOT_FOUND (also for a
  // parent in another discussion), the errors of CheckReplyTo, INVALID_ARGUMENT /
  // REQUEST_ID_REUSED, RESOURCE_EXHAUSTED / DATABASE_BUSY if more come than can be written.
  virtual absl::StatusOr<Comment> Create(const NewComment& comment, const IdempotencyKey& key) = 0;

  // NOT_FOUND.
  virtual absl::StatusOr<Comment> Get(const CommentId& id) = 0;

  // Changes a comment by `change`, which runs inside the transaction and may run more than
  // once; its error is returned and nothing is changed. An edit keeps the former text as a
  // revision; a deletion deletes all revisions. NOT_FOUND.
  virtual absl::StatusOr<Comment> Update(const CommentId& id,
                                         const std::function<absl::Status(Comment&)>& change) = 0;

  // By (create_time, id).
  virtual absl::StatusOr<std::vector<Comment>> List(const CommentQuery& query) = 0;

  // Comments that were not deleted.
  virtual absl::StatusOr<int> Count(const Subject& subject) = 0;

  // Newest first, at most 50.
  virtual absl::StatusOr<std::vector<Revision>> ListRevisions(const CommentId& id) = 0;
};

}  // namespace rostrum::comment
