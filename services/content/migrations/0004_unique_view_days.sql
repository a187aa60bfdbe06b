-- Those of long ago, to be forgotten.
CREATE INDEX post_readers_by_day ON post_readers (day);
