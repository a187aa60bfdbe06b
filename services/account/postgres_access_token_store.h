#pragma once

#include <string>
#include <vector>

#include "services/account/access_token_store.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"

namespace rostrum::account {

class PostgresAccessTokenStore final : public AccessTokenStore {
 public:
  PostgresAccessTokenStore(PgPool& pool, OutboxSignal& events) : pool_(pool), events_(events) {}

  absl::Status Create(const AccessToken& token, const std::string& secret_hash,
                      const SessionId& session) override;
  absl::StatusOr<std::vector<AccessToken>> List(const AccountId& account_id,
                                                absl::Time now) override;
  absl::Status Revoke(const AccountId& account_id, const TokenId& id, absl::Time now) override;
  absl::StatusOr<ResolvedToken> Resolve(const std::string& secret_hash, absl::Time now) override;

 private:
  PgPool& pool_;
  OutboxSignal& events_;
};

}  // namespace rostrum::account
