"""The front page for visitors, beside nginx with a file of the same size."""

from client import Browser
from nginx import serve_page
from row import Row, wrk

# As many as the row `article` has.
CONNECTIONS = 512
# The newest post under another title.
RENAME = """
UPDATE posts SET title = title || ' (renamed)' WHERE post_id =
  (SELECT post_id FROM posts WHERE state = 3 ORDER BY publish_time DESC, post_id DESC LIMIT 1)
"""


class Front(Row):
    name = "front"
    what = "front page for visitors without an account"
    unit = "/s"
    reference = "nginx, a static file of the same size"
    least = 0.15
    database = "PG_URL_CONTENT"

    def prepare(self):
        page = Browser(self.url).get("/")
        assert page.status == 200 and b"(renamed)" not in page.body, page
        self.nginx = serve_page(self, page.body)

    def work(self):
        return wrk(self.url + "/", self.seconds, CONNECTIONS)[0]

    def limit(self):
        return wrk(self.nginx, self.seconds, CONNECTIONS)[0]

    def check(self):
        """The page is never older than the request for it."""
        self.sql(RENAME)
        assert b"(renamed)" in Browser(self.url).get("/").body
