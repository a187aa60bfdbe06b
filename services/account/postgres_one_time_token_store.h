#pragma once

#include <string>

#include "services/account/one_time_token_store.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"

namespace rostrum::account {

class PostgresOneTimeTokenStore final : public OneTimeTokenStore {
 public:
  PostgresOneTimeTokenStore(PgPool& pool, OutboxSignal& events, MailSignal& mails)
      : pool_(pool), events_(events), mails_(mails) {}

  absl::Status Issue(const NewOneTimeToken& token) override;
  absl::StatusOr<RedeemedLogin> RedeemLogin(const std::string& token_hash,
                                            const NewSession& session) override;
  absl::StatusOr<Account> FindForReset(const std::string& token_hash, absl::Time now) override;
  absl::Status ResetPassword(const std::string& token_hash, const std::string& password_hash,
                             const Mail& mail, absl::Time now) override;

 private:
  PgPool& pool_;
  OutboxSignal& events_;
  MailSignal& mails_;
};

}  // namespace rostrum::account
