#pragma once

#include <vector>

#include "services/common/base/metrics.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"
#include "services/content/manuscript_store.h"

namespace rostrum::content {

class PostgresManuscriptStore final : public ManuscriptStore {
 public:
  PostgresManuscriptStore(PgPool& pool, OutboxSignal& signal, Metrics& metrics);

  absl::StatusOr<Manuscript> Create(const Manuscript& manuscript,
                                    const IdempotencyKey& key) override;
  absl::StatusOr<Manuscript> Get(const PostId& id) override;
  absl::StatusOr<Manuscript> Update(
      const PostId& id, const std::function<absl::Status(Manuscript&)>& change) override;
  absl::Status Delete(const PostId& id,
                      const std::function<absl::Status(const Manuscript&)>& check) override;
  absl::StatusOr<std::vector<Manuscript>> List(const ManuscriptQuery& query) override;
  absl::StatusOr<std::vector<Revision>> ListRevisions(const PostId& id, std::optional<int> before,
                                                      int limit) override;
  absl::StatusOr<int> PublishDue(absl::Time now, int limit) override;
  absl::StatusOr<int> AnnounceChanges(absl::Time now, int limit) override;

 private:
  PgPool& pool_;
  OutboxSignal& signal_;
  prometheus::Counter& published_;
};

}  // namespace rostrum::content
