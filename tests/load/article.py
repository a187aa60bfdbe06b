"""The article page for visitors, beside nginx with a file of the same size."""

import pathlib
import random
import time

from client import Browser
from local_stack import metric, wait_until
from nginx import serve_page
from row import Row, wrk

SAMPLES = 100
# Of all those visitors so many ask at one moment. Questions of a moment are answered
# together, so with fewer each page is dearer: see README.md.
CONNECTIONS = 512

# Copies of the demo's metered posts, with texts of a long read.
COPY_POSTS = """
WITH source AS (
  SELECT *, row_number() OVER (ORDER BY post_id) AS number, count(*) OVER () AS total
  FROM posts WHERE state = 3 AND access_level = 2
), made AS (
  INSERT INTO posts (post_id, channel_id, author_id, slug, title, lede, markdown, body_html,
                     preview_html, word_count, access_level, state, publish_time, create_time,
                     update_time, text_time, text_account_id)
  SELECT gen_random_uuid(), s.channel_id, s.author_id, 'bench-' || n, s.title || ' ' || n, s.lede,
         s.markdown, repeat(s.body_html, 8) || '<p>The end of ' || n || '.</p>', s.preview_html,
         s.word_count * 8, 2, 3, now() - interval '1 year', now(), now(), now(), s.text_account_id
  FROM generate_series(1, {count}) AS n JOIN source s ON s.number = 1 + n % s.total
  RETURNING post_id, channel_id, slug
)
INSERT INTO post_slugs (channel_id, slug, post_id) SELECT channel_id, slug, post_id FROM made
"""
PATHS = """
SELECT '/c/' || c.slug || '/' || p.slug FROM posts p JOIN channels c USING (channel_id)
WHERE p.slug LIKE 'bench-%' ORDER BY p.post_id
"""
VIEWS = """
SELECT coalesce(sum(view_count), 0) FROM post_views JOIN posts USING (post_id)
WHERE slug LIKE 'bench-%'
"""


class Article(Row):
    name = "article"
    what = "article page, metered, for visitors without an account"
    unit = "/s"
    reference = "nginx, a static file of the same size"
    least = 0.15
    database = "PG_URL_CONTENT"

    def prepare(self):
        posts, self.visitors = (20, 500) if self.small else (1_000, 100_000)
        self.sql(COPY_POSTS.format(count=posts))
        self.paths = self.sql(PATHS).splitlines()
        assert len(self.paths) == posts, len(self.paths)
        self.requests = 0
        self.first = 0
        self.script = self.stack.folder / "visitors.lua"
        page = Browser(self.url).get(self.paths[0])
        assert page.status == 200 and b"The end of " in page.body, page
        self.nginx = serve_page(self, page.body)
        # Every post is read twice before it counts: what follows is not the first visit.
        self.runs = 0
        self.load(1 if self.small else 5)

    def pass_of(self, number):
        """A cookie that a browser may hold: ids and secrets are 16 and 32 bytes."""
        return f"{number:021d}A", f"{number:042d}A"

    def write_script(self):
        """Each run has visitors of its own, so each meter begins anew."""
        self.first += self.visitors
        text = (pathlib.Path(__file__).parent / "visitors.lua").read_text()
        listed = ",".join(f'"{path}"' for path in self.paths)
        values = f"local posts = {{{listed}}}\nlocal first, visitors = {self.first}, {self.visitors}\n"
        self.script.write_text(values + text)
        return self.script

    def load(self, seconds):
        rate, requests = wrk(self.url, seconds, CONNECTIONS, self.write_script())
        self.requests += requests
        self.runs += 1
        return rate

    def work(self):
        rate = self.load(self.seconds)
        wait_until(self.is_idle, "what was under way when the run ended is answered")
        self.sample()
        return rate

    def limit(self):
        return wrk(self.nginx, self.seconds, CONNECTIONS)[0]

    def is_idle(self):
        """Whether the gateway has read and answered all that was sent to it."""
        return metric(self.stack.settings["GATEWAY_ADMIN_URL"], "http_connections") == 0

    def browser(self, number):
        browser = Browser(self.url)
        browser.cookies["pass"] = ".".join(self.pass_of(number))
        return browser

    def sample(self):
        """Visitors of this run: their meters stand between nothing and the limit, and the
        whole text comes only as far as theirs allows."""
        used = []
        for _ in range(SAMPLES):
            browser = self.browser(self.first + random.randrange(self.visitors))
            meter = browser.get("/v1/meter").json["meter"]
            used.append(int(meter.get("used", 0)))
            path = random.choice(self.paths)
            page = browser.get(path).body
            number = path.rpartition("-")[2]
            after = int(browser.get("/v1/meter").json["meter"].get("used", 0))
            whole = f"The end of {number}.".encode() in page
            # Who has free reads left gets it, be it for one of them or because it was read before.
            assert whole or (used[-1] == int(meter["limit"]) and b'class="wall"' in page), page
            assert whole or after == used[-1], (used[-1], after)
        assert any(used), "no read was counted"
        assert max(used) <= 5, used

    def check(self):
        """Every whole page was a view, and nothing else was: all requests, as long as there
        are fewer than visitors with a free read, and what was under way when a run ended."""
        views = -1
        for _ in range(20):
            before, views = views, int(self.sql(VIEWS))
            if views == before:
                break
            time.sleep(3)
        most = self.requests + self.runs * (CONNECTIONS + SAMPLES)
        few = self.requests < self.visitors * self.runs
        least = int(0.95 * self.requests) if few else self.visitors * self.runs // 2
        assert least <= views <= most, (least, views, most)
