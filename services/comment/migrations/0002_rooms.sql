-- Comments in the VIP rooms of channels, beside those on posts.
ALTER TABLE comments
  ALTER COLUMN post_id DROP NOT NULL,
  ADD COLUMN channel_id uuid,
  ADD CONSTRAINT comments_subject CHECK (num_nonnulls(post_id, channel_id) = 1);
COMMENT ON COLUMN comments.channel_id IS 'The channel in whose room it was said, instead of on a post.';
CREATE INDEX comments_of_room_flat ON comments (channel_id, create_time, comment_id)
  WHERE channel_id IS NOT NULL;
CREATE INDEX comments_of_room ON comments (channel_id, create_time, comment_id)
  WHERE channel_id IS NOT NULL AND parent_id IS NULL;
COMMENT ON COLUMN discussions.post_id IS 'The post, or the channel whose room it is.';
