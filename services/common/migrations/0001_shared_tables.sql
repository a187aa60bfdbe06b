-- Tables that every service has (services/common).

-- Events of this service, written in the transaction of what they tell.
-- Read in the order of (xid, id) below the snapshot horizon: a cursor on the
-- id alone would lose the row of a slow transaction.
CREATE TABLE outbox (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id bigserial NOT NULL,
  event_id uuid NOT NULL UNIQUE,
  type text NOT NULL,
  key text NOT NULL,
  payload bytea NOT NULL,
  traceparent text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL,
  PRIMARY KEY (xid, id)
);

-- One row: which incarnation of the outbox this is. A restored database gets a
-- new one, which makes consumers read everything again.
CREATE TABLE outbox_epoch (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  epoch uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO outbox_epoch DEFAULT VALUES;

-- How far this service has applied the events of another.
CREATE TABLE event_position (
  producer text PRIMARY KEY,
  epoch uuid NOT NULL,
  xid xid8 NOT NULL,
  id bigint NOT NULL
);

-- Effects that carried a request id, so that a repeat returns the first
-- outcome. Kept for 24 hours.
CREATE TABLE idempotency (
  caller text NOT NULL,
  method text NOT NULL,
  request_id text NOT NULL,
  request_hash bytea NOT NULL,
  result_id text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL,
  PRIMARY KEY (caller, method, request_id)
);
CREATE INDEX idempotency_by_time ON idempotency (create_time);
