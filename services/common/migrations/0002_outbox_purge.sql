-- Up to where events were purged, so that a consumer that stands before it is
-- told to read a snapshot instead of missing them silently.
ALTER TABLE outbox_epoch ADD COLUMN purged_xid xid8 NOT NULL DEFAULT '0';
ALTER TABLE outbox_epoch ADD COLUMN purged_id bigint NOT NULL DEFAULT 0;
CREATE INDEX outbox_by_time ON outbox (create_time);
