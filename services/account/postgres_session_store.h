#pragma once

#include <string>
#include <vector>

#include "services/account/session_store.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"

namespace rostrum::account {

class PostgresSessionStore final : public SessionStore {
 public:
  PostgresSessionStore(PgPool& pool, OutboxSignal& events) : pool_(pool), events_(events) {}

  absl::StatusOr<OpenedSession> Open(const AccountId& account_id, const NewSession& session,
                                     const VerifiedPassword& password) override;
  absl::StatusOr<OpenedSession> Resolve(const std::string& token_hash, absl::Duration idle,
                                        absl::Time now) override;
  absl::StatusOr<std::vector<Session>> List(const AccountId& account_id, absl::Duration idle,
                                            absl::Time now) override;
  absl::Status Revoke(const AccountId& account_id, const SessionId& id, absl::Time now) override;
  absl::StatusOr<int> RevokeOthers(const AccountId& account_id, const SessionId& keep,
                                   absl::Time now) override;

 private:
  PgPool& pool_;
  OutboxSignal& events_;
};

}  // namespace rostrum::account
