#include "services/subscription/entitlement.h"

#include "rostrum/subscription/v1/events.pb.h"
#include "services/common/base/status.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::subscription {
namespace {

constexpr absl::Duration kRememberFor = absl::Minutes(10);

constexpr char kStanding[] = R"sql(
  SELECT (SELECT entitled_until FROM memberships WHERE account_id = $1 AND entitled_until > $2),
         (SELECT end_time FROM trials WHERE account_id = $1))sql";

}  // namespace

Standing ReadStanding(Transaction& tx, const AccountId& account_id, absl::Time now) {
  const pqxx::row row = tx.ExecOne(kStanding, account_id.value(), SqlTime(now));
  const std::optional<absl::Time> member_until = ReadOptionalTime(row[0]);
  const std::optional<absl::Time> trial_until = ReadOptionalTime(row[1]);
  Standing standing{.had_trial = trial_until.has_value()};
  if (member_until.has_value()) {
    standing.entitlement = Entitlement{Entitlement::Reason::kMembership, *member_until};
  } else if (trial_until.has_value() && now < *trial_until) {
    standing.entitlement = Entitlement{Entitlement::Reason::kTrial, *trial_until};
  }
  return standing;
}

absl::StatusOr<std::vector<AccountId>> FindAccounts(PgPool& pool, const char* sql, absl::Time now) {
  return RunQuery<std::vector<AccountId>>(
      pool, [&](Transaction& tx) -> absl::StatusOr<std::vector<AccountId>> {
        std::vector<AccountId> accounts;
        for (const pqxx::row& row : tx.Exec(sql, SqlTime(now))) {
          accounts.push_back(ReadId<AccountId>(row[0]));
        }
        return accounts;
      });
}

void LockEntitlement(Transaction& tx, const AccountId& account_id) {
  tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", account_id.value());
}

void TellEntitlement(Transaction& tx, const AccountId& account_id, absl::Time now) {
  const Standing standing = ReadStanding(tx, account_id, now);
  v1::EntitlementChanged event;
  event.set_account_id(account_id.value());
  event.set_entitled(standing.entitlement.has_value());
  if (standing.entitlement.has_value()) {
    event.set_reason(standing.entitlement->reason == Entitlement::Reason::kTrial
                         ? v1::ACCESS_REASON_TRIAL
                         : v1::ACCESS_REASON_MEMBERSHIP);
    *event.mutable_end_time() = ToProtoTime(standing.entitlement->end_time);
  }
  WriteEvent(tx, account_id.value(), event, now);
}

absl::StatusOr<Standing> PostgresEntitlementStore::Get(const AccountId& account_id,
                                                       absl::Time now) {
  return RunQuery<Standing>(pool_, [&](Transaction& tx) -> absl::StatusOr<Standing> {
    return ReadStanding(tx, account_id, now);
  });
}

absl::StatusOr<Standing> RememberedEntitlements::Get(const AccountId& account_id, absl::Time now) {
  absl::StatusOr<Standing> standing = store_.Get(account_id, now);
  absl::MutexLock lock(&mu_);
  if (standing.ok()) {
    if (!standing->entitlement.has_value()) {
      remembered_.erase(account_id);
      return standing;
    }
    if (remembered_.size() >= kMost) remembered_.clear();
    remembered_[account_id] = {*standing, clock_.Now()};
    return standing;
  }
  const auto found = remembered_.find(account_id);
  if (found == remembered_.end() || clock_.Now() - found->second.time > kRememberFor ||
      found->second.standing.entitlement->end_time <= now) {
    return standing;
  }
  return found->second.standing;
}

}  // namespace rostrum::subscription
