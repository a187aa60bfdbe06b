-- The built-in test provider's own books: what a real provider keeps elsewhere.
CREATE TABLE test_payments (
  payment_id uuid PRIMARY KEY,
  currency_code text NOT NULL,
  minor_units bigint NOT NULL,
  description text NOT NULL,
  return_path text NOT NULL,
  -- One of the two: a period in months of the calendar, or in seconds.
  period_months integer NOT NULL,
  period_seconds bigint NOT NULL,
  state smallint NOT NULL,
  fail_renewals boolean NOT NULL DEFAULT false,
  create_time timestamptz NOT NULL
);

CREATE TABLE test_subscriptions (
  payment_id uuid PRIMARY KEY REFERENCES test_payments (payment_id),
  start_time timestamptz NOT NULL,
  -- How many periods were paid, counted from start_time.
  periods integer NOT NULL,
  period_start_time timestamptz NOT NULL,
  period_end_time timestamptz NOT NULL,
  cancel_time timestamptz,
  -- A renewal failed, or it ended: nothing more happens.
  stopped boolean NOT NULL DEFAULT false,
  sequence bigint NOT NULL
);
CREATE INDEX test_subscriptions_due ON test_subscriptions (period_end_time) WHERE NOT stopped;

-- Webhooks on their way to us, delivered at least once.
CREATE TABLE test_deliveries (
  event_id uuid PRIMARY KEY,
  body text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  create_time timestamptz NOT NULL,
  next_time timestamptz NOT NULL
);
CREATE INDEX test_deliveries_due ON test_deliveries (next_time);
