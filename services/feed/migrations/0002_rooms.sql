-- Who is in the VIP room of a channel.
CREATE TABLE room_members (
  channel_id uuid NOT NULL,
  account_id uuid NOT NULL,
  -- As account tells it.
  display_name text NOT NULL,
  -- Whether to be shown to the others.
  listed boolean NOT NULL,
  join_time timestamptz NOT NULL,
  PRIMARY KEY (channel_id, account_id)
);
CREATE INDEX room_members_listed ON room_members (channel_id, join_time, account_id) WHERE listed;
CREATE INDEX room_members_of_account ON room_members (account_id);
