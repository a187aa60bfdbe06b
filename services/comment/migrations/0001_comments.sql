-- Names of those who comment, as account tells them.
CREATE TABLE commenters (
  account_id uuid PRIMARY KEY,
  display_name text NOT NULL
);

CREATE TABLE comments (
  comment_id uuid PRIMARY KEY,
  post_id uuid NOT NULL,
  parent_id uuid REFERENCES comments (comment_id),
  author_id uuid NOT NULL REFERENCES commenters (account_id),
  body text NOT NULL,
  body_html text NOT NULL,
  create_time timestamptz NOT NULL,
  edit_time timestamptz,
  delete_time timestamptz,
  reply_count integer NOT NULL DEFAULT 0,
  depth integer NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 1
);
CREATE INDEX comments_flat ON comments (post_id, create_time, comment_id);
CREATE INDEX comments_of_post ON comments (post_id, create_time, comment_id) WHERE parent_id IS NULL;
CREATE INDEX comments_of_parent ON comments (parent_id, create_time, comment_id);
CREATE INDEX comments_of_author ON comments (author_id, create_time);

-- Former texts of edited comments.
CREATE TABLE comment_revisions (
  comment_id uuid NOT NULL REFERENCES comments (comment_id),
  version bigint NOT NULL,
  body_html text NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (comment_id, version)
);

-- How many comments stand under a post, so that a page need not count them.
CREATE TABLE discussions (
  post_id uuid PRIMARY KEY,
  comment_count integer NOT NULL
);
