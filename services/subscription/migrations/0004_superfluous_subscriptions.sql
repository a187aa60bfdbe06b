-- Subscriptions of people who paid twice, until the provider has stopped them.
CREATE TABLE superfluous_subscriptions (
  provider_subscription text PRIMARY KEY,
  create_time timestamptz NOT NULL
);
