#pragma once

#include <string>
#include <vector>

#include "services/comment/batch_size.h"
#include "services/comment/comment_creation.h"
#include "services/comment/comment_store.h"
#include "services/common/base/batcher.h"
#include "services/common/base/metrics.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::comment {

// Comments that are created at the same time are written in one transaction. Otherwise each
// would wait for the commit of the one before, because they update the same row (the count
// of the discussion).
class PostgresCommentStore final : public CommentStore {
 public:
  // Time limit of a batch.
  static constexpr absl::Duration kBatchTime = absl::Seconds(2);

  PostgresCommentStore(PgPool& pool, OutboxSignal& signal, Metrics& metrics,
                       BatchSize batch_size = BatchSize(kBatchTime));

  absl::StatusOr<std::optional<Comment>> FindRepeated(const IdempotencyKey& key) override;
  absl::StatusOr<Comment> Create(const NewComment& comment, const IdempotencyKey& key) override;
  absl::StatusOr<Comment> Get(const CommentId& id) override;
  absl::StatusOr<Comment> Update(const CommentId& id,
                                 const std::function<absl::Status(Comment&)>& change) override;
  absl::StatusOr<std::vector<Comment>> List(const CommentQuery& query) override;
  absl::StatusOr<int> Count(const Subject& subject) override;
  absl::StatusOr<std::vector<Revision>> ListRevisions(const CommentId& id) override;

 private:
  struct Written {
    absl::StatusOr<Comment> comment;
    TraceContext batch;  // the span of the one for whom all were written, if that is recorded
  };
  // Writes those that came together.
  std::vector<Written> WriteBatch(const std::vector<Creation>& wanted);
  // Writes as many as can be written in time, and refuses the others.
  std::vector<absl::StatusOr<Comment>> CreateFitting(const std::vector<Creation>& wanted);
  // Writes them in one transaction. If that fails for a reason that may concern only one of
  // them: writes them again in several transactions, one for all that share a parent.
  std::vector<absl::StatusOr<Comment>> CreateAll(const std::vector<Creation>& wanted);
  // Writes those at these places in one transaction or, if that fails, each alone.
  void CreateThese(const std::vector<Creation>& wanted, const std::vector<size_t>& places,
                   std::vector<absl::StatusOr<Comment>>& comments);
  absl::StatusOr<std::vector<absl::StatusOr<Comment>>> CreateTogether(
      const std::vector<Creation>& wanted);

  PgPool& pool_;
  OutboxSignal& signal_;
  BatchSize batch_size_;
  Batcher<Creation, Written> creations_;
  prometheus::Counter& on_posts_;
  prometheus::Counter& in_rooms_;
};

// Updates the name of a person, inside the transaction that applies account's event.
void RenameCommenter(Transaction& tx, const AccountId& account_id, const std::string& display_name);

}  // namespace rostrum::comment
