#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/account/mail_queue.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {

class PostgresMailQueue final : public MailQueue {
 public:
  explicit PostgresMailQueue(PgPool& pool) : pool_(pool) {}

  absl::StatusOr<std::vector<ClaimedMail>> Claim(absl::Time now, absl::Duration lease,
                                                 int limit) override;
  absl::Status Finish(const std::string& id, MailOutcome outcome, absl::Time now) override;
  absl::Status RetryAt(const std::string& id, absl::Time time) override;
  absl::StatusOr<MailBacklog> Backlog() override;

 private:
  PgPool& pool_;
};

// Adds a mail to the queue, inside the transaction of the change that causes it. It is not
// sent any more after `expire_time`.
void EnqueueMail(Transaction& tx, const Mail& mail, absl::Time now,
                 std::optional<absl::Time> expire_time = std::nullopt);

}  // namespace rostrum::account
