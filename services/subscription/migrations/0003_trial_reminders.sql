-- How long before its end a trial's owner was last reminded; NULL until then.
ALTER TABLE trials ADD COLUMN ending_told_seconds bigint;
