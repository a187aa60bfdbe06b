-- What can be followed, as it was when somebody followed it or when a post last
-- named it.
CREATE TABLE targets (
  kind smallint NOT NULL,
  target_id uuid NOT NULL,
  display_name text NOT NULL,
  slug text NOT NULL,
  PRIMARY KEY (kind, target_id)
);

-- Who follows what.
CREATE TABLE follows (
  account_id uuid NOT NULL,
  kind smallint NOT NULL,
  target_id uuid NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (account_id, kind, target_id),
  FOREIGN KEY (kind, target_id) REFERENCES targets (kind, target_id)
);
CREATE INDEX follows_by_time ON follows (account_id, create_time DESC, kind, target_id);

-- Up to where an account has seen its feed. The only trace of reading there is.
CREATE TABLE feed_marks (
  account_id uuid PRIMARY KEY,
  publish_time timestamptz NOT NULL,
  post_id uuid NOT NULL
);

-- Published posts, as content tells them (a serialised
-- rostrum.content.v1.PostSummary without view counts).
CREATE TABLE posts (
  post_id uuid PRIMARY KEY,
  publish_time timestamptz NOT NULL,
  summary bytea NOT NULL,
  -- When it was last told; what a snapshot does not tell again is gone.
  told_time timestamptz NOT NULL
);

-- Under which channel, author and topics a post appears.
CREATE TABLE feed_entries (
  kind smallint NOT NULL,
  target_id uuid NOT NULL,
  publish_time timestamptz NOT NULL,
  post_id uuid NOT NULL REFERENCES posts (post_id) ON DELETE CASCADE,
  PRIMARY KEY (kind, target_id, publish_time, post_id)
);
CREATE INDEX feed_entries_of_post ON feed_entries (post_id);
