-- Until when a payment can be made; NULL, of releases that know no limit: for a day.
ALTER TABLE test_payments ADD COLUMN expire_time timestamptz;

-- Those that nobody paid, to be forgotten.
CREATE INDEX checkouts_unpaid ON checkouts (create_time) WHERE state <> 2;
