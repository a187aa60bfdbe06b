-- Full-text search. Whoever publishes in another language than English changes
-- the configuration: ALTER TEXT SEARCH CONFIGURATION post_search ..., then
-- UPDATE posts SET title = title.

CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE TEXT SEARCH CONFIGURATION post_search (COPY = english);
ALTER TEXT SEARCH CONFIGURATION post_search
  ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem;

CREATE FUNCTION text_of_html(html text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN trim(replace(replace(replace(replace(replace(
  regexp_replace(
    regexp_replace(html, '</?(a|em|strong|code|del|sup)( [^>]*)?>', '', 'g'),
    '(<[^>]*>|\s)+', ' ', 'g'),
  '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#39;', ''''), '&amp;', '&'));
COMMENT ON FUNCTION text_of_html IS
  'The text of HTML that our own renderer wrote: tags within words go, others part them.';

ALTER TABLE posts
  ADD COLUMN open_search tsvector GENERATED ALWAYS AS (
    to_tsvector('post_search', title) || to_tsvector('post_search', lede) ||
    to_tsvector('post_search',
                text_of_html(CASE access_level WHEN 1 THEN body_html ELSE preview_html END))
  ) STORED,
  ADD COLUMN whole_search tsvector GENERATED ALWAYS AS (
    to_tsvector('post_search', title) || to_tsvector('post_search', lede) ||
    to_tsvector('post_search', text_of_html(body_html))
  ) STORED;
COMMENT ON COLUMN posts.open_search IS 'What everybody may search: never a text that is withheld.';
COMMENT ON COLUMN posts.whole_search IS 'What those may search who may read every post.';
CREATE INDEX posts_by_open_words ON posts USING gin (open_search) WHERE state = 3;
CREATE INDEX posts_by_any_word ON posts USING gin (whole_search) WHERE state = 3;
