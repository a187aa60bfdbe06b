#include "services/subscription/test_payment_provider.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/subscription/payment_event_json.h"
#include "services/subscription/webhook_signature.h"

namespace rostrum::subscription {
namespace {

using Kind = PaymentEvent::Kind;

constexpr char kInsertPayment[] = R"sql(
  INSERT INTO test_payments (payment_id, currency_code, minor_units, description, return_path,
                             period_months, period_seconds, state, create_time, expire_time)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING)sql";

constexpr char kSubscriptionColumns[] = R"sql(
  SELECT s.payment_id, s.start_time, s.periods, s.period_start_time, s.period_end_time,
         s.cancel_time, s.stopped, s.sequence, p.currency_code, p.minor_units, p.period_months,
         p.period_seconds, p.fail_renewals
  FROM test_subscriptions s JOIN test_payments p USING (payment_id))sql";

constexpr char kUpsertSubscription[] = R"sql(
  INSERT INTO test_subscriptions (payment_id, start_time, periods, period_start_time,
                                  period_end_time, cancel_time, stopped, sequence)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (payment_id) DO UPDATE SET
    periods = excluded.periods, period_start_time = excluded.period_start_time,
    period_end_time = excluded.period_end_time, cancel_time = excluded.cancel_time,
    stopped = excluded.stopped, sequence = excluded.sequence)sql";

constexpr char kInsertDelivery[] = R"sql(
  INSERT INTO test_deliveries (event_id, body, create_time, next_time) VALUES ($1, $2, $3, $3))sql";

// A subscription that the provider renews.
struct Subscription {
  std::string payment_id;
  absl::Time start_time;
  int periods = 1;
  absl::Time period_start_time;
  absl::Time period_end_time;
  std::optional<absl::Time> cancel_time;
  bool stopped = false;
  int64_t sequence = 1;
  Money price;
  int period_months = 0;
  absl::Duration period;
  bool fail_renewals = false;

  absl::Time EndOfPeriod(int number) const {
    return period_months > 0 ? AddMonths(start_time, period_months * number)
                             : start_time + period * number;
  }
};

Subscription ReadSubscription(const pqxx::row& row) {
  return Subscription{.payment_id = ReadText(row[0]),
                      .start_time = ReadTime(row[1]),
                      .periods = row[2].as<int>(),
                      .period_start_time = ReadTime(row[3]),
                      .period_end_time = ReadTime(row[4]),
                      .cancel_time = ReadOptionalTime(row[5]),
                      .stopped = row[6].as<bool>(),
                      .sequence = row[7].as<int64_t>(),
                      .price = {ReadText(row[8]), row[9].as<int64_t>()},
                      .period_months = row[10].as<int>(),
                      .period = absl::Seconds(row[11].as<int64_t>()),
                      .fail_renewals = row[12].as<bool>()};
}

void Save(Transaction& tx, const Subscription& s) {
  tx.Exec(kUpsertSubscription, s.payment_id, SqlTime(s.start_time), s.periods,
          SqlTime(s.period_start_time), SqlTime(s.period_end_time), SqlTime(s.cancel_time),
          s.stopped, s.sequence);
}

// The id is derived from payment and sequence number, so that sending it again is the same
// event.
PaymentEvent EventOf(const Subscription& s, Kind kind, const std::string& provider,
                     absl::Time now) {
  return PaymentEvent{.provider = provider,
                      .id = absl::StrCat("evt_", s.payment_id, "_", s.sequence),
                      .kind = kind,
                      .reference = s.payment_id,
                      .subscription = s.payment_id,
                      .sequence = s.sequence,
                      .time = now,
                      .period_start_time = s.period_start_time,
                      .period_end_time = s.period_end_time,
                      .amount = s.price};
}

void Tell(Transaction& tx, const PaymentEvent& event) {
  tx.Exec(kInsertDelivery, NewUuid(event.time), PaymentEventToJson(event), SqlTime(event.time));
}

absl::StatusOr<TestPayment> Load(Transaction& tx, const std::string& payment_id,
                                 const char* suffix = "") {
  const pqxx::result rows = tx.Exec(
      absl::StrCat("SELECT payment_id, currency_code, minor_units, description, "
                   "return_path, state, coalesce(expire_time, create_time + interval '1 day') "
                   "FROM test_payments WHERE payment_id = $1",
                   suffix),
      payment_id);
  if (rows.empty()) {
    return Error(absl::StatusCode::kNotFound, "PAYMENT_NOT_FOUND", "there is no such payment");
  }
  const pqxx::row row = rows[0];
  return TestPayment{.id = ReadText(row[0]),
                     .amount = {ReadText(row[1]), row[2].as<int64_t>()},
                     .description = ReadText(row[3]),
                     .return_path = ReadText(row[4]),
                     .state = static_cast<CheckoutState>(row[5].as<int>()),
                     .expire_time = ReadTime(row[6])};
}

// Locks the payment for a decision. True if it was decided like this before.
absl::StatusOr<bool> Decide(Transaction& tx, TestPayment& payment, CheckoutState decision) {
  if (payment.state == decision) return true;
  if (payment.state != CheckoutState::kOpen) {
    return Error(absl::StatusCode::kFailedPrecondition, "PAYMENT_DECIDED",
                 "the payment was decided otherwise before");
  }
  tx.Exec("UPDATE test_payments SET state = $2 WHERE payment_id = $1", payment.id,
          static_cast<int>(decision));
  payment.state = decision;
  return false;
}

}  // namespace

const std::string& TestPaymentProvider::name() const {
  static const std::string* const name = new std::string("test");
  return *name;
}

absl::StatusOr<OpenedCheckout> TestPaymentProvider::OpenCheckout(const CheckoutOrder& order) {
  const std::string& id = order.checkout_id.value();
  const bool by_calendar = settings_.period_override == absl::ZeroDuration();
  const int months = order.plan.period == BillingPeriod::kMonth ? 1 : 12;
  RETURN_IF_ERROR(RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    tx.Exec(kInsertPayment, id, order.plan.price.currency_code, order.plan.price.minor_units,
            order.plan.display_name, order.return_path, by_calendar ? months : 0,
            absl::ToInt64Seconds(settings_.period_override), static_cast<int>(CheckoutState::kOpen),
            SqlTime(clock_.Now()), SqlTime(order.expire_time));
    return absl::OkStatus();
  }));
  return OpenedCheckout{id, absl::StrCat(settings_.public_url, "/test-payments/", id)};
}

absl::StatusOr<PaymentEvent> TestPaymentProvider::SetCancelled(const std::string& subscription,
                                                               bool cancelled) {
  const absl::Time now = clock_.Now();
  return RunTx<PaymentEvent>(pool_, [&](Transaction& tx) -> absl::StatusOr<PaymentEvent> {
    const pqxx::result rows = tx.Exec(
        absl::StrCat(kSubscriptionColumns, " WHERE payment_id = $1 FOR UPDATE OF s"), subscription);
    if (rows.empty()) {
      return Error(absl::StatusCode::kNotFound, "SUBSCRIPTION_NOT_FOUND",
                   "the provider does not know the subscription");
    }
    Subscription s = ReadSubscription(rows[0]);
    if (s.stopped || now >= s.period_end_time) {
      return Error(absl::StatusCode::kFailedPrecondition, "MEMBERSHIP_ENDED",
                   "the membership is over");
    }
    const Kind kind = cancelled ? Kind::kCancelled : Kind::kResumed;
    if (s.cancel_time.has_value() == cancelled) {
      // Not the id of the last event, which may still have to be delivered.
      PaymentEvent event = EventOf(s, kind, name(), s.cancel_time.value_or(now));
      event.id += "_again";
      return event;
    }
    s.cancel_time = cancelled ? std::make_optional(now) : std::nullopt;
    ++s.sequence;
    Save(tx, s);
    PaymentEvent event = EventOf(s, kind, name(), now);
    Tell(tx, event);
    return event;
  });
}

absl::StatusOr<PaymentEvent> TestPaymentProvider::Cancel(const std::string& subscription) {
  return SetCancelled(subscription, true);
}

absl::StatusOr<PaymentEvent> TestPaymentProvider::Resume(const std::string& subscription) {
  return SetCancelled(subscription, false);
}

absl::StatusOr<std::optional<PaymentEvent>> TestPaymentProvider::ReadWebhook(
    const Webhook& webhook) {
  const auto signature = webhook.headers.find("rostrum-signature");
  RETURN_IF_ERROR(VerifyWebhook(settings_.secrets,
                                signature == webhook.headers.end() ? "" : signature->second,
                                webhook.body, clock_.Now()));
  return PaymentEventFromJson(name(), webhook.body);
}

absl::StatusOr<TestPayment> TestPaymentProvider::Get(const std::string& payment_id) {
  return RunQuery<TestPayment>(pool_, [&](Transaction& tx) { return Load(tx, payment_id); });
}

absl::StatusOr<TestPayment> TestPaymentProvider::Approve(const std::string& payment_id,
                                                         bool fail_renewals) {
  const absl::Time now = clock_.Now();
  return RunTx<TestPayment>(pool_, [&](Transaction& tx) -> absl::StatusOr<TestPayment> {
    ASSIGN_OR_RETURN(TestPayment payment, Load(tx, payment_id, " FOR UPDATE"));
    if (payment.state == CheckoutState::kOpen && now >= payment.expire_time) {
      return Error(absl::StatusCode::kFailedPrecondition, "PAYMENT_EXPIRED",
                   "the time for this payment is over");
    }
    ASSIGN_OR_RETURN(const bool decided, Decide(tx, payment, CheckoutState::kCompleted));
    if (decided) return payment;
    const pqxx::row period = tx.ExecOne(
        "UPDATE test_payments SET fail_renewals = $2 WHERE payment_id = $1 "
        "RETURNING period_months, period_seconds",
        payment_id, fail_renewals);
    Subscription s{.payment_id = payment_id, .start_time = now, .period_start_time = now};
    s.price = payment.amount;
    s.period_months = period[0].as<int>();
    s.period = absl::Seconds(period[1].as<int64_t>());
    s.period_end_time = s.EndOfPeriod(1);
    Save(tx, s);
    Tell(tx, EventOf(s, Kind::kCheckoutCompleted, name(), now));
    return payment;
  });
}

absl::StatusOr<TestPayment> TestPaymentProvider::Decline(const std::string& payment_id) {
  const absl::Time now = clock_.Now();
  return RunTx<TestPayment>(pool_, [&](Transaction& tx) -> absl::StatusOr<TestPayment> {
    ASSIGN_OR_RETURN(TestPayment payment, Load(tx, payment_id, " FOR UPDATE"));
    ASSIGN_OR_RETURN(const bool decided, Decide(tx, payment, CheckoutState::kDeclined));
    if (decided) return payment;
    Tell(tx, {.provider = name(),
              .id = absl::StrCat("evt_", payment_id, "_declined"),
              .kind = Kind::kCheckoutDeclined,
              .reference = payment_id,
              .time = now});
    return payment;
  });
}

absl::StatusOr<int> TestPaymentProvider::RenewDue() {
  const absl::Time now = clock_.Now();
  return RunTx<int>(pool_, [&](Transaction& tx) -> absl::StatusOr<int> {
    const pqxx::result due =
        tx.Exec(absl::StrCat(kSubscriptionColumns,
                             " WHERE NOT s.stopped AND s.period_end_time <= $1 "
                             "ORDER BY s.period_end_time LIMIT 100 FOR UPDATE OF s SKIP LOCKED"),
                SqlTime(now));
    for (const pqxx::row& row : due) {
      Subscription s = ReadSubscription(row);
      ++s.sequence;
      Kind kind = Kind::kRenewed;
      if (s.cancel_time.has_value()) {
        kind = Kind::kEnded;
        s.stopped = true;
      } else if (s.fail_renewals) {
        kind = Kind::kPaymentFailed;
        s.stopped = true;
      } else {
        ++s.periods;
        s.period_start_time = s.period_end_time;
        s.period_end_time = s.EndOfPeriod(s.periods);
      }
      Save(tx, s);
      Tell(tx, EventOf(s, kind, name(), now));
    }
    return static_cast<int>(due.size());
  });
}

}  // namespace rostrum::subscription
