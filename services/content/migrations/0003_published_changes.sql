-- Which transactions changed what readers see, so that one look tells whether all that a
-- replica holds is still present (content/version_leases).

CREATE TABLE published_changes (
  xid xid8 PRIMARY KEY DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE published_changes IS
  'Transactions that changed published posts, channels or authors. Kept for some minutes.';

CREATE FUNCTION note_published_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO published_changes DEFAULT VALUES ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

-- What is published anew is in nobody's hands yet.
CREATE TRIGGER posts_published_change AFTER UPDATE OR DELETE ON posts
  FOR EACH ROW WHEN (OLD.state = 3) EXECUTE FUNCTION note_published_change();
CREATE TRIGGER channels_published_change AFTER UPDATE ON channels
  FOR EACH STATEMENT EXECUTE FUNCTION note_published_change();
CREATE TRIGGER authors_published_change AFTER UPDATE ON authors
  FOR EACH STATEMENT EXECUTE FUNCTION note_published_change();
