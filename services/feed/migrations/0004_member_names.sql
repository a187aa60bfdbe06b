-- Names of those who changed theirs, as account tells them: an identity with which
-- somebody joins a room soon after may hold an older one. What rooms show is in
-- room_members.
CREATE TABLE member_names (
  account_id uuid PRIMARY KEY,
  display_name text NOT NULL,
  -- When it was told last. Later, the identity is right: other names may have been told
  -- to a release that did not keep them here. Forgotten after a day.
  tell_time timestamptz NOT NULL
);
CREATE INDEX member_names_by_time ON member_names (tell_time);
