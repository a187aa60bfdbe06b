-- Names of those who changed theirs, as account tells them: an identity with which
-- somebody joins a room may hold an older one. What rooms show is in room_members.
CREATE TABLE member_names (
  account_id uuid PRIMARY KEY,
  display_name text NOT NULL
);
