-- no transaction
-- Only replies are looked up by what they reply to, and nothing by who wrote it.
DROP INDEX CONCURRENTLY IF EXISTS comments_of_author;
DROP INDEX CONCURRENTLY IF EXISTS replies;
CREATE INDEX CONCURRENTLY replies ON comments (parent_id, create_time, comment_id)
  WHERE parent_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS comments_of_parent;
