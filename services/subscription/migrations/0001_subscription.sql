-- Free trials: one an account, one a person, for ever. The person is a keyed
-- hash of the canonical mail address; the address itself is not here.
CREATE TABLE trials (
  account_id uuid PRIMARY KEY,
  person_key bytea NOT NULL UNIQUE,
  start_time timestamptz NOT NULL,
  end_time timestamptz NOT NULL,
  -- When its end was told to others; NULL until then.
  end_told_time timestamptz
);
CREATE INDEX trials_to_end ON trials (end_time) WHERE end_told_time IS NULL;

-- Attempts to join.
CREATE TABLE checkouts (
  checkout_id uuid PRIMARY KEY,
  account_id uuid NOT NULL,
  plan_id text NOT NULL,
  provider text NOT NULL,
  -- Empty until the provider has answered.
  provider_reference text,
  checkout_url text NOT NULL DEFAULT '',
  return_path text NOT NULL,
  state smallint NOT NULL,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  UNIQUE (provider, provider_reference)
);
CREATE INDEX checkouts_of_account ON checkouts (account_id, create_time);

-- Paid memberships, one an account; a new one takes the place of an ended one.
CREATE TABLE memberships (
  account_id uuid PRIMARY KEY,
  plan_id text NOT NULL,
  provider text NOT NULL,
  provider_subscription text NOT NULL,
  state smallint NOT NULL,
  start_time timestamptz NOT NULL,
  period_end_time timestamptz NOT NULL,
  grace_end_time timestamptz,
  cancel_time timestamptz,
  -- Until when it gives the right to read; NULL when it is over.
  entitled_until timestamptz,
  -- Of the provider's events, so that an older one cannot undo a newer one.
  sequence bigint NOT NULL,
  UNIQUE (provider, provider_subscription)
);
CREATE INDEX memberships_to_lapse ON memberships (entitled_until) WHERE entitled_until IS NOT NULL;

-- Payments that were made: the receipts.
CREATE TABLE payments (
  payment_id uuid PRIMARY KEY,
  -- The webhook event that told of it.
  provider text NOT NULL,
  event_id text NOT NULL,
  account_id uuid NOT NULL,
  plan_id text NOT NULL,
  currency_code text NOT NULL,
  minor_units bigint NOT NULL,
  create_time timestamptz NOT NULL,
  period_start_time timestamptz NOT NULL,
  period_end_time timestamptz NOT NULL,
  UNIQUE (provider, event_id)
);
CREATE INDEX payments_of_account ON payments (account_id, create_time DESC, payment_id DESC);

-- Webhook events that have taken effect.
CREATE TABLE webhook_events (
  provider text NOT NULL,
  event_id text NOT NULL,
  receive_time timestamptz NOT NULL,
  PRIMARY KEY (provider, event_id)
);
CREATE INDEX webhook_events_by_time ON webhook_events (receive_time);
