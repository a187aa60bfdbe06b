#pragma once

#include "services/account/sign_up_store.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/pool.h"

namespace rostrum::account {

class PostgresSignUpStore final : public SignUpStore {
 public:
  PostgresSignUpStore(PgPool& pool, OutboxSignal& events, MailSignal& mails)
      : pool_(pool), events_(events), mails_(mails) {}

  absl::StatusOr<std::optional<SignUp>> FindRepeated(const IdempotencyKey& key) override;
  absl::StatusOr<SignUp> Begin(const NewSignUp& sign_up, const IdempotencyKey& key) override;
  absl::StatusOr<SignUp> Get(const SignUpId& id, absl::Time now) override;
  absl::StatusOr<SignUp> Resend(const SignUpId& id, const Verification& verification) override;
  absl::StatusOr<VerifiedSignUp> Verify(const Proof& proof, const AccountId& account_id,
                                        const NewSession& session) override;

 private:
  PgPool& pool_;
  OutboxSignal& events_;
  MailSignal& mails_;
};

}  // namespace rostrum::account
