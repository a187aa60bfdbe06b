-- The newest entries of all, for who follows much.
CREATE INDEX feed_entries_by_time ON feed_entries (publish_time, post_id, kind, target_id);
