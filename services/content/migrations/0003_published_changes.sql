-- Which transactions changed what readers see, so that one look tells whether all that a
-- replica holds is still present (content/version_leases).

CREATE TABLE reader_changes (
  xid xid8 PRIMARY KEY DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE reader_changes IS
  'Transactions that changed published posts, channels or authors. Kept for an hour or two.';

CREATE FUNCTION note_reader_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO reader_changes DEFAULT VALUES ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

-- What is published anew is in nobody's hands yet.
CREATE TRIGGER posts_reader_change AFTER UPDATE OR DELETE ON posts
  FOR EACH ROW WHEN (OLD.state = 3) EXECUTE FUNCTION note_reader_change();
CREATE TRIGGER channels_reader_change AFTER UPDATE ON channels
  FOR EACH STATEMENT EXECUTE FUNCTION note_reader_change();
CREATE TRIGGER authors_reader_change AFTER UPDATE ON authors
  FOR EACH STATEMENT EXECUTE FUNCTION note_reader_change();
