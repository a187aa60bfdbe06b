#pragma once

#include <string>
#include <vector>

#include "services/account/account_store.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"

namespace rostrum::account {

class PostgresAccountStore final : public AccountStore {
 public:
  PostgresAccountStore(PgPool& pool, OutboxSignal& events, MailSignal& mails)
      : pool_(pool), events_(events), mails_(mails) {}

  absl::StatusOr<Account> Get(const AccountId& id) override;
  absl::StatusOr<std::optional<Account>> FindByEmail(const std::string& email) override;
  absl::StatusOr<std::vector<Account>> BatchGet(const std::vector<AccountId>& ids) override;
  absl::StatusOr<std::vector<Account>> List(const AccountQuery& query) override;
  absl::StatusOr<Account> Update(const AccountId& id,
                                 const std::function<absl::Status(Account&)>& change,
                                 absl::Time now) override;
  absl::Status ChangePassword(const PasswordChange& change) override;
  absl::StatusOr<Account> SetRoles(const AccountId& id, const std::vector<std::string>& roles,
                                   const AccountId& changed_by, absl::Time now) override;
  absl::StatusOr<Account> Ensure(const OperatorAccount& wanted) override;

 private:
  PgPool& pool_;
  OutboxSignal& events_;
  MailSignal& mails_;
};

}  // namespace rostrum::account
