#include "services/subscription/postgres_membership_store.h"

#include "absl/strings/str_cat.h"
#include "services/common/base/log.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/purge.h"
#include "services/common/postgres/transaction.h"
#include "services/subscription/entitlement.h"

namespace rostrum::subscription {
namespace {

constexpr char kCheckoutColumns[] = R"sql(
  SELECT checkout_id, account_id, plan_id, provider, coalesce(provider_reference, ''),
         checkout_url, return_path, state, create_time, expire_time FROM checkouts)sql";

constexpr char kInsertCheckout[] = R"sql(
  INSERT INTO checkouts (checkout_id, account_id, plan_id, provider, return_path, state,
                         create_time, expire_time)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql";

constexpr char kSetOpened[] = R"sql(
  UPDATE checkouts SET provider_reference = $2, checkout_url = $3
  WHERE checkout_id = $1 AND provider_reference IS NULL)sql";

constexpr char kMembershipColumns[] = R"sql(
  SELECT account_id, plan_id, provider, provider_subscription, state, start_time,
         period_end_time, grace_end_time, cancel_time, entitled_until, sequence
  FROM memberships)sql";

constexpr char kUpsertMembership[] = R"sql(
  INSERT INTO memberships (account_id, plan_id, provider, provider_subscription, state, start_time,
                           period_end_time, grace_end_time, cancel_time, entitled_until, sequence)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  ON CONFLICT (account_id) DO UPDATE SET
    plan_id = excluded.plan_id, provider = excluded.provider,
    provider_subscription = excluded.provider_subscription, state = excluded.state,
    start_time = excluded.start_time, period_end_time = excluded.period_end_time,
    grace_end_time = excluded.grace_end_time, cancel_time = excluded.cancel_time,
    entitled_until = excluded.entitled_until, sequence = excluded.sequence)sql";

constexpr char kInsertPayment[] = R"sql(
  INSERT INTO payments (payment_id, provider, event_id, account_id, plan_id, currency_code,
                        minor_units, create_time, period_start_time, period_end_time)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (provider, event_id) DO NOTHING)sql";

constexpr char kClaimEvent[] = R"sql(
  INSERT INTO webhook_events (provider, event_id, receive_time) VALUES ($1, $2, $3)
  ON CONFLICT DO NOTHING)sql";

constexpr char kDue[] =
    "SELECT account_id FROM memberships WHERE entitled_until <= $1 "
    "ORDER BY entitled_until LIMIT 100";

constexpr char kAddSuperfluous[] = R"sql(
  INSERT INTO superfluous_subscriptions (provider_subscription, create_time) VALUES ($1, $2)
  ON CONFLICT DO NOTHING)sql";

constexpr char kForgetSuperfluous[] =
    "DELETE FROM superfluous_subscriptions WHERE provider_subscription = $1";

constexpr char kListPayments[] = R"sql(
  SELECT payment_id, plan_id, currency_code, minor_units, create_time, period_start_time,
         period_end_time
  FROM payments
  WHERE account_id = $1
    AND ($2::timestamptz IS NULL OR (create_time, payment_id) < ($2::timestamptz, $3::uuid))
  ORDER BY create_time DESC, payment_id DESC LIMIT $4)sql";

Checkout ReadCheckout(const pqxx::row& row) {
  return Checkout{.id = ReadId<CheckoutId>(row[0]),
                  .account_id = ReadId<AccountId>(row[1]),
                  .plan_id = ReadText(row[2]),
                  .provider = ReadText(row[3]),
                  .provider_reference = ReadText(row[4]),
                  .checkout_url = ReadText(row[5]),
                  .return_path = ReadText(row[6]),
                  .state = static_cast<CheckoutState>(row[7].as<int>()),
                  .create_time = ReadTime(row[8]),
                  .expire_time = ReadTime(row[9])};
}

Membership ReadMembership(const pqxx::row& row) {
  return Membership{.account_id = ReadId<AccountId>(row[0]),
                    .plan_id = ReadText(row[1]),
                    .provider = ReadText(row[2]),
                    .provider_subscription = ReadText(row[3]),
                    .state = static_cast<MembershipState>(row[4].as<int>()),
                    .start_time = ReadTime(row[5]),
                    .period_end_time = ReadTime(row[6]),
                    .grace_end_time = ReadOptionalTime(row[7]),
                    .cancel_time = ReadOptionalTime(row[8]),
                    .entitled_until = ReadOptionalTime(row[9]),
                    .sequence = row[10].as<int64_t>()};
}

absl::StatusOr<Checkout> LoadCheckout(Transaction& tx, const CheckoutId& id) {
  const pqxx::result rows =
      tx.Exec(absl::StrCat(kCheckoutColumns, " WHERE checkout_id = $1"), id.value());
  if (rows.empty()) {
    return Error(absl::StatusCode::kNotFound, "CHECKOUT_NOT_FOUND", "there is no such checkout");
  }
  return ReadCheckout(rows[0]);
}

std::optional<Membership> FindMembership(Transaction& tx, const AccountId& account_id) {
  const pqxx::result rows =
      tx.Exec(absl::StrCat(kMembershipColumns, " WHERE account_id = $1"), account_id.value());
  if (rows.empty()) return std::nullopt;
  return ReadMembership(rows[0]);
}

void Save(Transaction& tx, const Membership& m) {
  tx.Exec(kUpsertMembership, m.account_id.value(), m.plan_id, m.provider, m.provider_subscription,
          static_cast<int>(m.state), SqlTime(m.start_time), SqlTime(m.period_end_time),
          SqlTime(m.grace_end_time), SqlTime(m.cancel_time), SqlTime(m.entitled_until), m.sequence);
}

void AddSuperfluous(Transaction& tx, const std::string& subscription, absl::Time now) {
  tx.Exec(kAddSuperfluous, subscription, SqlTime(now));
}

// An event whose checkout is unknown, or no longer stored, belongs to no account. All that can
// be done is to cancel the subscription, so that no more money is taken, and to log it.
void StopUnknown(Transaction& tx, const PaymentEvent& event, absl::Time now) {
  const bool renewed = !event.subscription.empty() && IsRenewed(event.kind);
  if (renewed) AddSuperfluous(tx, event.subscription, now);
  Log(renewed ? LogLevel::kError : LogLevel::kWarning, "a payment event for no checkout of ours",
      {{"provider", event.provider}, {"subscription", event.subscription}});
}

}  // namespace

absl::StatusOr<Checkout> PostgresMembershipStore::AddCheckout(const Checkout& checkout,
                                                              const IdempotencyKey& key) {
  return RunTx<Checkout>(pool_, [&](Transaction& tx) -> absl::StatusOr<Checkout> {
    ASSIGN_OR_RETURN(const std::optional<std::string> known,
                     ClaimIdempotencyKey(tx, key, checkout.id.value()));
    if (known.has_value()) return LoadCheckout(tx, CheckoutId(*known));

    const std::optional<Membership> membership = FindMembership(tx, checkout.account_id);
    if (membership.has_value() && membership->IsEntitled(checkout.create_time) &&
        membership->state != MembershipState::kGrace) {
      return Error(absl::StatusCode::kFailedPrecondition, "ALREADY_MEMBER",
                   "this account is a member");
    }
    tx.Exec(kInsertCheckout, checkout.id.value(), checkout.account_id.value(), checkout.plan_id,
            checkout.provider, checkout.return_path, static_cast<int>(checkout.state),
            SqlTime(checkout.create_time), SqlTime(checkout.expire_time));
    return LoadCheckout(tx, checkout.id);
  });
}

absl::StatusOr<Checkout> PostgresMembershipStore::SetOpened(const CheckoutId& id,
                                                            const OpenedCheckout& opened) {
  return RunTx<Checkout>(pool_, [&](Transaction& tx) {
    tx.Exec(kSetOpened, id.value(), opened.reference, opened.url);
    return LoadCheckout(tx, id);
  });
}

absl::StatusOr<Checkout> PostgresMembershipStore::GetCheckout(const CheckoutId& id,
                                                              const AccountId& account_id) {
  return RunQuery<Checkout>(pool_, [&](Transaction& tx) -> absl::StatusOr<Checkout> {
    ASSIGN_OR_RETURN(Checkout checkout, LoadCheckout(tx, id));
    if (checkout.account_id != account_id) {
      return Error(absl::StatusCode::kNotFound, "CHECKOUT_NOT_FOUND", "there is no such checkout");
    }
    return checkout;
  });
}

absl::StatusOr<Membership> PostgresMembershipStore::Get(const AccountId& account_id) {
  return RunQuery<Membership>(pool_, [&](Transaction& tx) -> absl::StatusOr<Membership> {
    std::optional<Membership> membership = FindMembership(tx, account_id);
    if (!membership.has_value()) {
      return Error(absl::StatusCode::kNotFound, "NO_MEMBERSHIP", "there is no membership");
    }
    return *std::move(membership);
  });
}

absl::Status PostgresMembershipStore::Apply(const PaymentEvent& event, absl::Time now) {
  const absl::Status applied = RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    const pqxx::result rows =
        tx.Exec(absl::StrCat(kCheckoutColumns, " WHERE provider = $1 AND provider_reference = $2"),
                event.provider, event.reference);
    if (rows.empty()) {
      // Not claimed: the event can be sent again after an operator has restored the checkout.
      StopUnknown(tx, event, now);
      return absl::OkStatus();
    }
    LockEntitlement(tx, ReadCheckout(rows[0]).account_id);
    const pqxx::result claimed = tx.Exec(kClaimEvent, event.provider, event.id, SqlTime(now));
    if (claimed.affected_rows() == 0) return absl::OkStatus();
    // Read again, now under the lock.
    ASSIGN_OR_RETURN(const Checkout checkout, LoadCheckout(tx, ReadCheckout(rows[0]).id));
    const bool declined = event.kind == PaymentEvent::Kind::kCheckoutDeclined;
    if (declined || checkout.state != CheckoutState::kCompleted) {
      tx.Exec("UPDATE checkouts SET state = $2 WHERE checkout_id = $1 AND state <> 2",
              checkout.id.value(),
              static_cast<int>(declined ? CheckoutState::kDeclined : CheckoutState::kCompleted));
    }
    if (declined) return absl::OkStatus();
    if (IsPayment(event.kind)) {
      const pqxx::result receipt =
          tx.Exec(kInsertPayment, NewUuid(event.time), event.provider, event.id,
                  checkout.account_id.value(), checkout.plan_id, event.amount.currency_code,
                  event.amount.minor_units, SqlTime(event.time), SqlTime(event.period_start_time),
                  SqlTime(event.period_end_time));
      // Sent again after its claim was purged: receipts are kept.
      if (receipt.affected_rows() == 0) return absl::OkStatus();
    }
    const Applied outcome = rostrum::subscription::Apply(FindMembership(tx, checkout.account_id),
                                                         checkout, event, settings_);
    if (outcome.membership.has_value()) {
      Save(tx, *outcome.membership);
      // It may have been superfluous until the account's other one ended.
      tx.Exec(kForgetSuperfluous, outcome.membership->provider_subscription);
      TellEntitlement(tx, checkout.account_id, now);
    }
    if (!outcome.superfluous_subscription.empty()) {
      AddSuperfluous(tx, outcome.superfluous_subscription, now);
    }
    return absl::OkStatus();
  });
  if (applied.ok()) signal_.Notify();
  return applied;
}

absl::StatusOr<std::vector<std::string>> PostgresMembershipStore::ListSuperfluous() {
  return RunQuery<std::vector<std::string>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<std::string>> {
        std::vector<std::string> subscriptions;
        for (const pqxx::row& row :
             tx.exec("SELECT provider_subscription FROM superfluous_subscriptions "
                     "ORDER BY random() LIMIT 100")) {
          subscriptions.push_back(ReadText(row[0]));
        }
        return subscriptions;
      });
}

absl::Status PostgresMembershipStore::ForgetSuperfluous(const std::string& subscription) {
  return RunTx(pool_, [&](Transaction& tx) {
    tx.Exec(kForgetSuperfluous, subscription);
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> PostgresMembershipStore::LapseOne(const AccountId& account_id,
                                                       absl::Time now) {
  return RunTx<bool>(pool_, [&](Transaction& tx) -> absl::StatusOr<bool> {
    LockEntitlement(tx, account_id);
    std::optional<Membership> membership = FindMembership(tx, account_id);
    if (!membership.has_value() || !membership->entitled_until.has_value() ||
        now < *membership->entitled_until) {
      return false;
    }
    Lapse(*membership);
    Save(tx, *membership);
    TellEntitlement(tx, account_id, now);
    return true;
  });
}

absl::StatusOr<int> PostgresMembershipStore::LapseDue(absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<AccountId> due, FindAccounts(pool_, kDue, now));
  int count = 0;
  for (const AccountId& account_id : due) {
    ASSIGN_OR_RETURN(const bool lapsed, LapseOne(account_id, now));
    if (lapsed) ++count;
  }
  if (count > 0) signal_.Notify();
  return count;
}

absl::StatusOr<std::vector<Payment>> PostgresMembershipStore::ListPayments(
    const AccountId& account_id, const std::optional<PaymentCursor>& after, int limit) {
  std::optional<std::string> cursor_time, cursor_id;
  if (after.has_value()) {
    cursor_time = SqlTime(after->create_time);
    cursor_id = after->id;
  }
  return RunQuery<std::vector<Payment>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Payment>> {
        std::vector<Payment> payments;
        for (const pqxx::row& row :
             tx.Exec(kListPayments, account_id.value(), cursor_time, cursor_id, limit)) {
          payments.push_back({.id = ReadText(row[0]),
                              .plan_id = ReadText(row[1]),
                              .amount = {ReadText(row[2]), row[3].as<int64_t>()},
                              .create_time = ReadTime(row[4]),
                              .period_start_time = ReadTime(row[5]),
                              .period_end_time = ReadTime(row[6])});
        }
        return payments;
      });
}

absl::Status PurgeMembershipRecords(PgPool& pool, absl::Time now) {
  absl::Status status = Purge(pool, "webhook_events", "receive_time", now - absl::Hours(24 * 30));
  // Also if the purge above failed.
  status.Update(Purge(pool, "checkouts", "create_time", now - absl::Hours(24 * 90), "state <> 2"));
  return status;
}

}  // namespace rostrum::subscription
