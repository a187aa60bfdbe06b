"""What visitors without an account get of the article pages, which the gateway
keeps in memory: never a text that they may not read, never another's meter."""

import gzip
import uuid

from local_stack import wait_until
from steps import Steps


class Articles(Steps):
    def read_pages(self):
        self.step("Article pages: every visitor has a meter of their own")
        before = self.channel, self.topic
        self.open_channel("articles")
        posts = [self.published("ACCESS_LEVEL_METERED") for _ in range(6)]
        paths = [self.article_path(post_id) for post_id in posts]
        first, second, third = self.visitor(), self.visitor(), self.visitor()
        for left, path in zip((4, 3, 2), paths):
            self.expect_text(first, path, left)
        for browser, path, left in ((second, paths[2], 4), (first, paths[2], 2), (second, paths[2], 4),
                                    (second, paths[0], 3), (third, paths[0], 4), (first, paths[0], 2)):
            self.expect_text(browser, path, left)
        for browser, used in ((first, 3), (second, 2), (third, 1)):
            meter = self.expect(browser.get("/v1/meter"), 200)["meter"]
            assert meter["used"] == used, meter
        for path in paths[3:5]:
            assert self.page(first, path).count(b"protected sentence") == 1
        self.expect_wall(first, paths[5], posts[5])
        self.expect_text(second, paths[5], 2)
        self.expect_text(third, paths[5], 3)
        self.expect_wall(first, paths[5], posts[5])
        self.expect_text(first, paths[0])
        self.expect_views(posts[0], 4)
        self.say("five free pages each, counted once each, with others in between")
        self.keep_up(posts, paths, third)
        self.read_first()
        self.save_bytes(paths[0], third)
        self.channel, self.topic = before

    def keep_up(self, posts, paths, reader):
        self.step("Article pages follow what happens to the post")
        comment = f"Seen by all {uuid.uuid4().hex}"
        self.expect(self.author.post(f"/v1/posts/{posts[0]}/comments", {"body": comment}), 200)
        wait_until(lambda: comment.encode() in self.page(reader, paths[0]), "the comment is there")
        self.change(posts[0], {"title": f"Renamed {self.run}"})
        assert f"Renamed {self.run}".encode() in self.page(reader, paths[0])
        # From free to premium: at once, also for who has read it.
        self.change(posts[0], {"accessLevel": "ACCESS_LEVEL_PREMIUM"})
        for browser in (reader, self.visitor(), reader):
            self.expect_wall(browser, paths[0], posts[0])
        self.change(posts[0], {"accessLevel": "ACCESS_LEVEL_PUBLIC"})
        self.expect_text(self.visitor(), paths[0])
        self.expect(self.author.post(f"/v1/manuscripts/{posts[5]}:unpublish"), 200)
        for _ in range(2):
            assert reader.get(paths[5]).status == 404
        slug = f"moved-{self.run}"
        self.change(posts[2], {"slug": slug})
        moved = reader.get(paths[2])
        assert moved.status == 308, moved
        assert moved.headers["Location"] == f"/c/{self.channel['slug']}/{slug}", moved.headers
        self.say("a comment, a title, another access level, another address, gone")

    def read_first(self):
        self.step("Article pages that nobody has read yet")
        moved, withdrawn, odd = (self.published("ACCESS_LEVEL_METERED") for _ in range(3))
        paths = [self.article_path(post_id) for post_id in (moved, withdrawn, odd)]
        slug = f"early-{self.run}"
        self.change(moved, {"slug": slug})
        self.expect_redirect(paths[0], f"/c/{self.channel['slug']}/{slug}")
        self.expect(self.author.post(f"/v1/manuscripts/{withdrawn}:unpublish"), 200)
        assert self.visitor().get(paths[1]).status == 404
        # Written as nobody would, but it is the same address.
        spelled = f"{paths[2][:3]}%{ord(paths[2][3]):02X}{paths[2][4:]}"
        self.expect_redirect(spelled, paths[2])
        self.expect_text(self.visitor(), paths[2], 4)
        self.say("moved, withdrawn, and by an address in another spelling")

    def expect_redirect(self, path, target):
        answer = self.visitor().get(path)
        assert answer.status == 308 and answer.headers["Location"] == target, answer

    def save_bytes(self, path, reader):
        whole = self.visitor().get(path)
        known = reader.request("GET", path, headers={"If-None-Match": whole.headers["ETag"]})
        assert known.status == 304 and not known.body, known
        packed = reader.request("GET", path, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.body) == whole.body, "gzip changed the page"

    def article_path(self, post_id):
        summary = self.read(self.visitor(), post_id)["summary"]
        return f"/c/{summary['channel']['slug']}/{summary['slug']}"

    def page(self, browser, path):
        answer = browser.get(path)
        assert answer.status == 200, answer
        return answer.body

    def expect_text(self, browser, path, left=None):
        body = self.page(browser, path)
        assert b"protected sentence" in body and b"class=\"wall\"" not in body, body.decode()
        if left is not None and left > 1:
            assert f"{left} of 5".encode() in body, body.decode()

    def expect_wall(self, browser, path, post_id):
        answer = browser.get(path)
        raw = answer.body + str(answer.headers).encode()
        assert answer.status == 200 and b"class=\"wall\"" in answer.body, answer
        assert self.marker(post_id).encode() not in raw, "protected text in the answer"

    def change(self, post_id, fields):
        path = f"/v1/manuscripts/{post_id}"
        etag = self.expect(self.author.get(path), 200)["etag"]
        self.expect(self.author.request("PATCH", path, fields, {"If-Match": etag}), 200)

    def expect_views(self, post_id, least):
        def settled():
            posts = self.expect(self.visitor().get("/v1/posts", channel=self.channel["channelId"],
                                                   pageSize=100), 200)["posts"]
            return int(next(p for p in posts if p["postId"] == post_id)["viewCount"]) >= least
        wait_until(settled, f"{least} views")
