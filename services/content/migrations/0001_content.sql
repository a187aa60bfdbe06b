-- What posts are sorted by. Rows here are changed, never deleted.

CREATE TABLE channels (
  channel_id uuid PRIMARY KEY,
  slug text NOT NULL,
  display_name text NOT NULL,
  description text NOT NULL,
  create_time timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE channels IS 'Publications of their own, each with its posts and its room.';
CREATE INDEX channels_by_name ON channels (display_name COLLATE "und-x-icu", channel_id);

CREATE TABLE topics (
  topic_id uuid PRIMARY KEY,
  slug text NOT NULL,
  display_name text NOT NULL
);
COMMENT ON TABLE topics IS 'What posts are about.';
CREATE INDEX topics_by_name ON topics (display_name COLLATE "und-x-icu", topic_id);

CREATE TABLE authors (
  author_id uuid PRIMARY KEY,
  slug text NOT NULL,
  display_name text NOT NULL,
  bio text NOT NULL,
  account_id uuid CONSTRAINT authors_account UNIQUE,
  avatar_media_id uuid,
  version bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE authors IS 'Bylines. An account has at most one.';
CREATE INDEX authors_by_name ON authors (display_name COLLATE "und-x-icu", author_id);

CREATE TABLE catalog_slugs (
  kind text NOT NULL,
  slug text NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (kind, slug)
);
COMMENT ON TABLE catalog_slugs IS
  'Every slug that a channel, topic or author has or had: former ones keep leading to it.';

CREATE TABLE media (
  media_id uuid PRIMARY KEY,
  width integer NOT NULL,
  height integer NOT NULL,
  content_type text NOT NULL,
  account_id uuid NOT NULL,
  create_time timestamptz NOT NULL
);
COMMENT ON TABLE media IS 'Pictures as they are served: re-encoded, named after the hash of their bytes.';

CREATE TABLE media_variants (
  media_id uuid NOT NULL REFERENCES media (media_id) ON DELETE CASCADE,
  width integer NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (media_id, width)
);
COMMENT ON TABLE media_variants IS 'The bytes of a picture in each width that it can be had in.';
-- WebP does not get smaller by compressing it again.
ALTER TABLE media_variants ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE posts (
  post_id uuid PRIMARY KEY,
  channel_id uuid REFERENCES channels (channel_id),
  author_id uuid NOT NULL REFERENCES authors (author_id),
  slug text NOT NULL,
  title text NOT NULL,
  lede text NOT NULL,
  markdown text NOT NULL,
  body_html text NOT NULL,
  preview_html text NOT NULL,
  word_count integer NOT NULL,
  access_level smallint NOT NULL CHECK (access_level BETWEEN 1 AND 3),
  picture_media_id uuid REFERENCES media (media_id),
  picture_caption text NOT NULL DEFAULT '',
  picture_credit text NOT NULL DEFAULT '',
  picture_alt_text text NOT NULL DEFAULT '',
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
  publish_time timestamptz,
  schedule_time timestamptz,
  revise_time timestamptz,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  text_time timestamptz NOT NULL,
  text_account_id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  CHECK ((state = 2) = (schedule_time IS NOT NULL)),
  CHECK (state <> 3 OR (publish_time IS NOT NULL AND channel_id IS NOT NULL))
);
COMMENT ON TABLE posts IS 'Manuscripts and published posts: the same row from first draft on.';
COMMENT ON COLUMN posts.access_level IS 'rostrum.subscription.v1.AccessLevel';
COMMENT ON COLUMN posts.state IS 'rostrum.content.v1.ManuscriptState';
COMMENT ON COLUMN posts.publish_time IS 'When it was first published; kept when it is taken back.';
COMMENT ON COLUMN posts.schedule_time IS 'When it is to be published, while it is scheduled.';
COMMENT ON COLUMN posts.text_time IS 'When the present title and text were written, and by whom.';
CREATE INDEX posts_published ON posts (publish_time DESC, post_id DESC) WHERE state = 3;
CREATE INDEX posts_of_channel ON posts (channel_id, publish_time DESC, post_id DESC) WHERE state = 3;
CREATE INDEX posts_of_author ON posts (author_id, publish_time DESC, post_id DESC) WHERE state = 3;
CREATE INDEX posts_scheduled ON posts (schedule_time) WHERE state = 2;
CREATE INDEX posts_by_change ON posts (update_time DESC, post_id DESC);
CREATE INDEX posts_of_author_by_change ON posts (author_id, update_time DESC, post_id DESC);

CREATE TABLE post_topics (
  post_id uuid NOT NULL REFERENCES posts (post_id) ON DELETE CASCADE,
  topic_id uuid NOT NULL REFERENCES topics (topic_id),
  place integer NOT NULL,
  PRIMARY KEY (post_id, topic_id)
);
COMMENT ON TABLE post_topics IS 'What posts are about, in the order in which the author named it.';
CREATE INDEX post_topics_of_topic ON post_topics (topic_id, post_id);

CREATE TABLE post_slugs (
  channel_id uuid NOT NULL REFERENCES channels (channel_id),
  slug text NOT NULL,
  post_id uuid NOT NULL REFERENCES posts (post_id) ON DELETE CASCADE,
  PRIMARY KEY (channel_id, slug)
);
COMMENT ON TABLE post_slugs IS
  'Every slug that a post has, or had while it was published: links to former ones keep working.';
CREATE INDEX post_slugs_of_post ON post_slugs (post_id);

CREATE TABLE post_revisions (
  post_id uuid NOT NULL REFERENCES posts (post_id) ON DELETE CASCADE,
  revision integer NOT NULL,
  title text NOT NULL,
  markdown text NOT NULL,
  create_time timestamptz NOT NULL,
  account_id uuid NOT NULL,
  PRIMARY KEY (post_id, revision)
);
COMMENT ON TABLE post_revisions IS 'Former texts of manuscripts.';

CREATE TABLE announcements (
  kind text NOT NULL,
  id uuid NOT NULL,
  after uuid,
  PRIMARY KEY (kind, id)
);
COMMENT ON TABLE announcements IS
  'Channels and authors that changed: their published posts are announced again, in batches, from the one after `after`.';

CREATE TABLE post_views (
  post_id uuid PRIMARY KEY,
  view_count bigint NOT NULL DEFAULT 0,
  unique_view_count bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE post_views IS
  'Settled view counts. Apart from posts, so that counting never waits for an editor.';

CREATE TABLE post_readers (
  post_id uuid NOT NULL,
  day date NOT NULL,
  readers bigint NOT NULL,
  PRIMARY KEY (post_id, day)
);
COMMENT ON TABLE post_readers IS 'Readers of a post on a day (UTC), estimated by a sketch.';

CREATE TABLE view_flush (
  batch_id uuid PRIMARY KEY,
  settle_time timestamptz NOT NULL
);
COMMENT ON TABLE view_flush IS
  'Batches of views that were added to post_views, so that none is added twice. Kept for 7 days.';
CREATE INDEX view_flush_by_time ON view_flush (settle_time);

CREATE TABLE entitlements (
  account_id uuid PRIMARY KEY,
  reason smallint NOT NULL,
  end_time timestamptz NOT NULL
);
COMMENT ON TABLE entitlements IS
  'Who may read every post until when, as subscription tells it: lets members in while subscription is away.';
COMMENT ON COLUMN entitlements.reason IS 'rostrum.subscription.v1.AccessReason: TRIAL or MEMBERSHIP';
