-- How many are in a room: everybody who opens its page sees the number, and to count the
-- members of a large room takes long.
CREATE TABLE rooms (
  channel_id uuid PRIMARY KEY,
  member_count integer NOT NULL
);

CREATE FUNCTION count_room_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO rooms AS r (channel_id, member_count) VALUES (NEW.channel_id, 1)
    ON CONFLICT (channel_id) DO UPDATE SET member_count = r.member_count + 1;
  ELSE
    UPDATE rooms SET member_count = member_count - 1 WHERE channel_id = OLD.channel_id;
  END IF;
  RETURN NULL;
END $$;

-- First, so that nobody joins or leaves until the members of today are counted.
CREATE TRIGGER room_members_counted AFTER INSERT OR DELETE ON room_members
  FOR EACH ROW EXECUTE FUNCTION count_room_member();
INSERT INTO rooms SELECT channel_id, count(*) FROM room_members GROUP BY channel_id;
