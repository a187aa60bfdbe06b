#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/postgres/idempotency.h"
#include "services/content/manuscript.h"

namespace rostrum::content {

// A place in a list of manuscripts: the last one of a page.
struct ManuscriptCursor {
  absl::Time update_time;
  PostId id;
};

struct ManuscriptQuery {
  std::optional<AccountId> account_id;  // only manuscripts of this account's author
  std::optional<ManuscriptState> state;
  std::optional<ManuscriptCursor> after;
  int limit = 20;
};

// Stores manuscripts and publishes them. Thread-safe. All methods may return UNAVAILABLE
// when the database cannot be reached; other codes are listed per method. Events are
// written in the transaction of the change: PostPublished when a post is published and when
// a published post changes, PostUnpublished when a post is unpublished.
class ManuscriptStore {
 public:
  virtual ~ManuscriptStore() = default;

  // Adds a draft, once for each key. Without a slug it gets the first of
  // SlugsFor that is free. ALREADY_EXISTS / SLUG_TAKEN, INVALID_ARGUMENT /
  // REQUEST_ID_REUSED, or NOT_FOUND naming the field of a channel, topic, author or picture
  // that does not exist.
  virtual absl::StatusOr<Manuscript> Create(const Manuscript& manuscript,
                                            const IdempotencyKey& key) = 0;

  // NOT_FOUND / POST_NOT_FOUND.
  virtual absl::StatusOr<Manuscript> Get(const PostId& id) = 0;

  // Changes a manuscript by `change`, which runs inside the transaction and may run more
  // than once; its error is returned and nothing is changed. Keeps the former text as a
  // revision. NOT_FOUND / POST_NOT_FOUND, ALREADY_EXISTS / SLUG_TAKEN, INVALID_ARGUMENT as
  // in Create.
  virtual absl::StatusOr<Manuscript> Update(
      const PostId& id, const std::function<absl::Status(Manuscript&)>& change) = 0;

  // Deletes a manuscript if `check` agrees. NOT_FOUND / POST_NOT_FOUND.
  virtual absl::Status Delete(const PostId& id,
                              const std::function<absl::Status(const Manuscript&)>& check) = 0;

  // Last changed first, by (update_time, id); without Markdown and HTML.
  virtual absl::StatusOr<std::vector<Manuscript>> List(const ManuscriptQuery& query) = 0;

  // Newest first, those before the revision `before`.
  virtual absl::StatusOr<std::vector<Revision>> ListRevisions(const PostId& id,
                                                              std::optional<int> before,
                                                              int limit) = 0;

  // Publishes scheduled posts that are due, at most `limit`; returns how many. Any number
  // of processes may call it at once: each post is published by one of them.
  virtual absl::StatusOr<int> PublishDue(absl::Time now, int limit) = 0;

  // Writes PostPublished again for posts whose channel or author has changed, at most
  // `limit`; returns how many. 0 if none are left for now.
  virtual absl::StatusOr<int> AnnounceChanges(absl::Time now, int limit) = 0;
};

}  // namespace rostrum::content
