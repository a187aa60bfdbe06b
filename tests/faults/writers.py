"""The clients that write: comments, in rooms too, and posts."""

import uuid

from actors import Actor
from world import markdown_with, new_marker


class Commenter(Actor):
    """Comments with a request id, which it repeats until it is acknowledged; replies to
    itself, edits and deletes what it said, and takes another name now and then."""

    def __init__(self, world, seed, person):
        super().__init__(world, seed)
        self.person = person
        self.session = None
        self.display_name = None
        self.said = {}  # the last comment in each discussion

    def live(self):
        if self.session is None:
            self.session = self.log_in(self.person["email"])
        self.comment(self.discussion())
        if self.random.random() < 0.5:
            self.display_name = f"Name {uuid.uuid4().hex[:12]}"
            self.until_acknowledged(self.session, "PATCH", "/v1/account", {"displayName": self.display_name})
        self.pause(6)  # ten a minute are allowed
        if self.stop.is_set() and self.display_name is not None:
            self.history.fact("name", account_id=self.person["account_id"], name=self.display_name)

    def discussion(self):
        """The path of the next one."""
        return f"/v1/posts/{self.random.choice(self.world.posts['ACCESS_LEVEL_PUBLIC'])}/comments"

    def comment(self, path):
        text = f"comment {uuid.uuid4().hex}"
        key = {"Idempotency-Key": uuid.uuid4().hex}
        wanted = {"body": text}
        if path in self.said and self.random.random() < 0.4:
            wanted["parentId"] = self.said[path]
        made = self.until_acknowledged(self.session, "POST", path, wanted, key)
        if made.status != 200:
            return
        comment_id = made.json["commentId"]
        self.history.fact("comment", text=text, comment_id=comment_id)
        if self.random.random() < 0.4:
            again = self.until_acknowledged(self.session, "POST", path, wanted, key)
            if again.json.get("commentId") != comment_id:
                self.history.complain(f"a repeated comment became another: {again}")
        if self.changed(comment_id, text):
            self.said[path] = comment_id

    def changed(self, comment_id, text):
        """Edits it or not; whether it was left."""
        path = f"/v1/comments/{comment_id}"
        for number in range(self.random.choice((0, 0, 1, 2))):
            edited = f"{text}, edit {number}"
            self.until_acknowledged(self.session, "PATCH", path, {"body": edited})
            self.history.fact("comment", text=edited, comment_id=comment_id)
        if self.random.random() < 0.2:
            self.until_acknowledged(self.session, "DELETE", path)
            self.history.fact("comment", text="", comment_id=comment_id)
            return False
        return True


class Member(Commenter):
    """Pays, and then comments in the rooms of channels, which it joins and leaves."""

    def __init__(self, world, seed, person):
        super().__init__(world, seed, person)
        self.rooms = {}  # whether it is in each

    def live(self):
        if self.session is None:
            self.session = self.log_in(self.person["email"], "maybe")
            self.pay(self.session, self.person)
        super().live()
        if self.random.random() < 0.3:
            self.move("DELETE", self.random.choice(list(self.rooms)))
        if self.stop.is_set():
            for channel, joined in self.rooms.items():
                self.history.fact("room", account_id=self.person["account_id"], channel=channel,
                                  joined=joined)

    def discussion(self):
        channel = self.random.choice(self.world.channels)
        self.move("PUT", channel)
        return f"/v1/channels/{channel}/room/comments"

    def move(self, method, channel):
        body = {"listed": True} if method == "PUT" else None
        self.until_acknowledged(self.session, method, f"/v1/channels/{channel}/room/membership", body)
        self.rooms[channel] = method == "PUT"


class Author(Actor):
    """Writes a post, publishes it, and withdraws it now and then, each step until it is
    acknowledged."""

    def __init__(self, world, seed):
        super().__init__(world, seed)
        self.session = None

    def live(self):
        if self.session is None:
            self.session = self.log_in(self.world.author["email"], "yes")
        marker = new_marker()
        level = self.random.choice(["ACCESS_LEVEL_PUBLIC", "ACCESS_LEVEL_METERED",
                                    "ACCESS_LEVEL_PREMIUM"])
        body = self.world.manuscript(level, marker, self.random.choice(self.world.channels))
        body["markdown"] = markdown_with(marker)
        made = self.until_acknowledged(self.session, "POST", "/v1/manuscripts", body,
                                       {"Idempotency-Key": uuid.uuid4().hex})
        post_id = made.json["postId"]
        if level != "ACCESS_LEVEL_PUBLIC":
            with self.history.lock:
                self.history.posts[post_id + " draft"] = {"level": level,
                                                          "marker": marker.split()[-1].encode()}
        self.until_acknowledged(self.session, "POST", f"/v1/manuscripts/{post_id}:publish",
                                accept=(200, 400))
        self.history.add_post(post_id, level, marker.split()[-1])
        self.history.fact("post", post_id=post_id, title=body["title"])
        if self.random.random() < 0.4:
            self.withdraw(post_id)
        self.pause(1.5)

    def withdraw(self, post_id):
        with self.history.lock:
            del self.history.posts[post_id]  # from now on it need not be there
        self.until_acknowledged(self.session, "POST", f"/v1/manuscripts/{post_id}:unpublish")
        self.history.fact("withdrawn", post_id=post_id)
