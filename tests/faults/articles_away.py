"""What of articles stays open to many visitors while content is away, and what may not."""

import time

from history import MARKER
from local_stack import wait_until
from row import HEARD, METERED, PREMIUM, PUBLIC, SETTLED, WAYS, Row
from world import markdown_with, new_marker, ok

VISITORS = 64


class Articles(Row):
    """Posts that an author changes."""

    def article_path(self, post_id):
        return self.get(self.visitor(), f"/p/{post_id}", 303).headers["Location"]

    def publish(self, author):
        marker = new_marker()
        post_id = ok(author.post("/v1/manuscripts", {
            **self.world.manuscript(METERED, marker), "markdown": markdown_with(marker)}))["postId"]
        ok(author.post(f"/v1/manuscripts/{post_id}:publish"))
        self.history.add_post(post_id, METERED, marker.split()[-1])
        return {"id": post_id, "marker": marker, "page": self.article_path(post_id)}

    def make_premium(self, author, post):
        path = f"/v1/manuscripts/{post['id']}"
        etag = ok(author.get(path))["etag"]
        ok(author.request("PATCH", path, {"accessLevel": PREMIUM}, {"If-Match": etag}))
        self.history.add_post(post["id"], PREMIUM, post["marker"].split()[-1])

    def withdraw(self, author, post):
        ok(author.post(f"/v1/manuscripts/{post['id']}:unpublish"))
        with self.history.lock:
            del self.history.posts[post["id"]]  # a 404 would be right


class ArticlesAway(Articles):
    def test_many_visitors(self):
        """Who has read a page gets it again, all of them in time; the rest goes on."""
        shown = [self.article_path(self.world.posts[level][0]) for level in (PUBLIC, METERED)]
        premium = self.article_path(self.world.posts[PREMIUM][0])
        for way in WAYS:
            with self.subTest(way):
                time.sleep(SETTLED)
                visitors = [self.visitor() for _ in range(VISITORS)]
                for number, visitor in enumerate(visitors):
                    self.get(visitor, shown[number % 2])
                    self.get(visitor, premium)
                time.sleep(HEARD)
                with self.away(way, "content"):
                    crowd = self.crowd((visitor, "GET", shown[number % 2])
                                       for number, visitor in enumerate(visitors))
                    walls = self.crowd((visitor, "GET", premium) for visitor in visitors)
                    reader, _ = self.reader()
                    self.get(reader, "/v1/feed")
                    self.assert_answers(crowd, (200,), f"articles that were read before, {way}")
                    self.assert_answers(walls, (503,), f"premium articles, {way}")
                    for page in shown:
                        self.assert_public_text(page)
                wait_until(lambda: self.visitor().send("GET", premium).status == 200, "articles")

    def test_what_was_changed_a_moment_before(self):
        """An author who was told that a post is premium now, or withdrawn, can rely on it:
        whatever becomes of content, no visitor gets the text as it was."""
        def settle():
            wait_until(lambda: self.visitor().send("GET", "/").status == 200, "the home page")
            time.sleep(SETTLED)
        self.change_and_kill(settle)

    def test_what_was_changed_while_its_event_is_held_back(self):
        """Events wait for transactions that are older than theirs: the gateway does not hear of
        the change, but hears of no later time either."""
        author = self.world.log_in(self.world.author)
        post = self.publish(author)
        time.sleep(SETTLED)
        self.get(self.visitor(), post["page"])
        with self.transaction("content", "SELECT pg_current_xact_id()"):
            self.withdraw(author, post)
            with self.stopped("content"):
                self.assert_nobody_reads(post)
        wait_until(lambda: self.visitor().send("GET", "/").status == 200, "the home page")

    def test_what_was_changed_just_after_a_restart(self):
        """The same while gateways are still finding content again."""
        author = self.world.log_in(self.world.author)
        self.change_and_kill(lambda: wait_until(
            lambda: author.get("/v1/manuscripts?pageSize=1").status == 200, "the desk"))

    def change_and_kill(self, settle):
        author = self.world.log_in(self.world.author)
        changes = [self.make_premium, self.withdraw] * 3
        kept, *posts = [self.publish(author) for _ in range(len(changes) + 1)]
        time.sleep(SETTLED)
        for post in (kept, *posts):
            for _ in range(2):
                self.get(self.visitor(), post["page"])
        for change, post in zip(changes, posts):
            with self.subTest(f"{change.__name__} {post['id']}"):
                change(author, post)
                self.stack.kill("content")
                try:
                    self.assert_nobody_reads(post)
                    # Shown or not, by when the gateway last heard that it had not changed.
                    answer = self.visitor().send("GET", kept["page"])
                    self.assertIn(answer.status, (200, 503), answer)
                finally:
                    wait_until(lambda: not self.faults.is_running("content"), "content is gone")
                    self.faults.start("content")
                settle()
        wait_until(lambda: self.visitor().send("GET", "/").status == 200, "the home page")

    def assert_nobody_reads(self, post):
        """At once, and when the gateway has noticed that content is away."""
        for pause in (0, 1, 2):
            time.sleep(pause)
            for _ in range(3):
                for path in (post["page"], f"/v1/posts/{post['id']}"):
                    answer = self.visitor().send("GET", path)
                    self.assertIsNotNone(answer, path)
                    self.assertIsNone(MARKER.search(answer.body), f"the text that was: {path}")
                    self.assertIn(answer.status, (503, 504), f"{path}: {answer}")


class OneContentHangs(Articles):
    """The events of a gateway may come from the replica that hangs; the other knows better."""
    options = ("--replicas", "2")

    def test_what_the_other_has_changed(self):
        author = self.world.log_in(self.world.author)
        for replica in ("content", "content-2"):
            with self.subTest(replica):
                posts = [self.publish(author) for _ in range(4)]
                time.sleep(SETTLED)
                for post in posts:
                    self.get(self.visitor(), post["page"])
                with self.away("hanging", replica):
                    for post in posts[:2]:
                        wait_until(lambda post=post: self.unpublish(author, post), "the author is heard")
                        self.assert_gone(post)
                    for post in posts[2:]:
                        wait_until(lambda post=post: post["marker"] in self.page(post), "the others open")
                wait_until(lambda: self.visitor().send("GET", posts[2]["page"]).status == 200, "articles")

    def unpublish(self, author, post):
        """What a replica that hangs was asked may still be done when it goes on."""
        with self.history.lock:
            self.history.posts.pop(post["id"], None)
        return author.post(f"/v1/manuscripts/{post['id']}:unpublish").status == 200

    def page(self, post):
        answer = self.visitor().send("GET", post["page"])
        return answer.body.decode() if answer is not None else ""

    def assert_gone(self, post):
        crowd = self.crowd((self.visitor(), "GET", post["page"]) for _ in range(20))
        for answer in crowd.answers():
            self.assertIsNotNone(answer)
            self.assertNotIn(post["marker"].encode(), answer.body)
            self.assertIn(answer.status, (404, 503))
