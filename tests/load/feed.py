"""Pages of a personal feed: few follows and many, few posts and many."""

import statistics

from local_stack import psql
from people import Person
from row import Row, find, run_wrk

FOLLOWS = (10, 100, 1_000)
# Fields of rostrum.content.v1.PostSummary.
POST_ID, CHANNEL, AUTHOR = 1, 5, 6
# Posts under one of 1,000 channels and one of 1,000 authors each. A summary is that
# of a real post with ids of its own: what comes later in a message counts.
POSTS = """
INSERT INTO targets (kind, target_id, display_name, slug)
SELECT kind, md5(kind || ' bench target ' || n)::uuid, 'Target ' || n, 'bench-target-' || n
FROM generate_series(1, 1000) AS n, (VALUES (1), (2)) AS kinds (kind) ON CONFLICT DO NOTHING;
CREATE TEMPORARY TABLE made AS
SELECT md5('bench post ' || n)::uuid AS post_id, now() - n * interval '31 seconds' AS publish_time,
       md5('1 bench target ' || 1 + (hashint4(n) & 65535) % 1000)::uuid AS channel_id,
       md5('2 bench target ' || 1 + (hashint4(-n) & 65535) % 1000)::uuid AS author_id
FROM generate_series({first}, {last}) AS n;
INSERT INTO posts (post_id, publish_time, summary, told_time)
SELECT m.post_id, m.publish_time,
       real.summary || {post_id} || {channel} || {author}, now()
FROM made m, (SELECT summary FROM posts ORDER BY publish_time LIMIT 1) real;
INSERT INTO feed_entries (kind, target_id, publish_time, post_id)
SELECT 1, channel_id, publish_time, post_id FROM made
UNION ALL SELECT 2, author_id, publish_time, post_id FROM made
"""
FOLLOW = """
INSERT INTO follows (account_id, kind, target_id, create_time)
SELECT '{account}', kind, target_id, now() FROM targets WHERE slug LIKE 'bench-target-%'
ORDER BY md5(target_id::text) LIMIT {count}
"""
NEWEST = """
SELECT post_id FROM (
  SELECT DISTINCT post_id, publish_time FROM feed_entries JOIN follows USING (kind, target_id)
  WHERE account_id = '{account}') AS theirs
ORDER BY publish_time DESC LIMIT 20
"""
SCRIPT = """
function request()
  return wrk.format("GET", "/v1/feed?pageSize=20", {{ ["Cookie"] = "{cookie}" }})
end
"""
ROUNDS = 3


def field(number, uuid):
    """The bytes of a string field with a UUID, in SQL."""
    return f"'\\x{number * 8 + 2:02x}24'::bytea || convert_to({uuid}::text, 'UTF8')"


def nested(number, uuid):
    """The bytes of a message field whose first field is a UUID."""
    return f"'\\x{number * 8 + 2:02x}26'::bytea || {field(1, uuid)}"


class Feed(Row):
    name = "feed"
    what = "p99 of a feed's page, the slowest of 10 to 1,000 follows, 10^4 to 10^6 posts"
    unit = "us"
    reference = "the quickest of these"
    reach = "150%"
    repeats = True
    database = "PG_URL_FEED"

    def prepare(self):
        self.sizes = (4_000, 8_000) if self.small else (10_000, 1_000_000)
        self.posts = 0
        self.people = {}

    def sql(self, text):
        return super().sql("SET statement_timeout = 0; " + text)

    def grow(self, count):
        """What each post says is what a real one does, so pages have their real size."""
        self.sql(POSTS.format(
            first=self.posts + 1, last=count, post_id=field(POST_ID, "m.post_id"),
            channel=nested(CHANNEL, "m.channel_id"), author=nested(AUTHOR, "m.author_id")))
        self.posts = count
        assert psql(self.stack.settings[self.database], "VACUUM ANALYZE").returncode == 0
        # A million rows that were just written are on their way to the disk for minutes,
        # which is no size that a feed has.
        assert psql(self.stack.settings["PG_URL"], "CHECKPOINT").returncode == 0
        for follows in FOLLOWS:
            if follows not in self.people:
                person = self.people[follows] = Person(self.stack, f"follower{follows}")
                self.sql(FOLLOW.format(account=person.account_id, count=follows))

    def p99(self, person):
        script = self.stack.folder / "feed.lua"
        script.write_text(SCRIPT.format(cookie=person.cookie))
        said = run_wrk(self.url, max(2, self.seconds // 2), 2, script)
        number, unit = find(r"99%\s+([\d.]+)(us|ms|s)", said)
        assert float(number) > 0, f"no page was answered:\n{said}"
        return float(number) * {"us": 1, "ms": 1_000, "s": 1_000_000}[unit]

    def work(self):
        for size in self.sizes:
            self.grow(size)
            rounds = [{follows: self.p99(person) for follows, person in self.people.items()}
                      for _ in range(1 if self.small else ROUNDS)]
            for follows in FOLLOWS:
                self.parts[f"{follows} follows, {size} posts"] = statistics.median(
                    each[follows] for each in rounds)
        return max(self.parts.values())

    def limit(self):
        return min(self.parts.values())

    def check(self):
        """A page of each is whole, newest first."""
        for person in self.people.values():
            items = person.browser.get("/v1/feed", pageSize=20).json["items"]
            shown = [item["post"]["postId"] for item in items]
            newest = self.sql(NEWEST.format(account=person.account_id)).splitlines()[-20:]
            assert len(shown) == 20 and shown == newest, f"not the newest twenty:\n{shown}\n{newest}"

    def reached(self, result):
        return result["ratio"] <= 1.5
