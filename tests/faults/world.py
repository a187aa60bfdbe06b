"""What the workload needs to begin: people, posts, a mail index."""

import email
import email.policy
import os
import subprocess
import threading
import time
import uuid

from client import Browser
from local_stack import psql, wait_until

PASSWORD = "a reader's long password"
LEVELS = ("ACCESS_LEVEL_PUBLIC", "ACCESS_LEVEL_METERED", "ACCESS_LEVEL_PREMIUM")


class Mails:
    """The mail catcher's Maildir, each mail read once. Thread-safe."""

    def __init__(self, maildir):
        self.folder = os.path.join(maildir, "new")
        self.lock = threading.Lock()
        self.seen = set()
        self.by_address = {}

    def to(self, address):
        """Mails to an address: (Message-ID, mail), in the order in which they were found."""
        with self.lock:
            for name in sorted(os.listdir(self.folder)):
                if name in self.seen:
                    continue
                with open(os.path.join(self.folder, name), "rb") as file:
                    mail = email.message_from_binary_file(file, policy=email.policy.default)
                self.seen.add(name)
                self.by_address.setdefault((mail["To"] or "").lower(), []).append(
                    (mail["Message-ID"], mail))
            return list(self.by_address.get(address.lower(), []))


def create_account(settings, address, name, roles=""):
    """Makes an account as an operator does; returns its id."""
    path = os.path.join(settings["ROSTRUM_STATE"], f"password.{uuid.uuid4().hex}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(PASSWORD)
    command = [os.path.join(settings["ROSTRUM_BUILD"], "services", "rostrum-account"),
               "create-account", "--email", address, "--name", name, "--password-file", path]
    if roles:
        command += ["--roles", roles]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={"PG_URL": settings["PG_URL_ACCOUNT"], "PATH": os.environ["PATH"]})
    os.unlink(path)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def markdown_with(marker):
    return f"The beginning.\n\n<!--more-->\n\nThe {marker} stands here."


def new_marker():
    return f"protected sentence {uuid.uuid4().hex}"


class World:
    """A publication with channels, posts of every level and people."""

    def __init__(self, settings, history, readers=12, posts=10):
        self.settings = settings
        self.url = settings["ROSTRUM_URL"]
        self.gateways = settings["ROSTRUM_URLS"].split(",")
        self.history = history
        self.mails = Mails(settings["MAILDIR"])
        self.run = uuid.uuid4().hex[:8]
        self.author = self.person("author", "author")
        self.editor = self.person("editor", "editor,author")
        self.readers = [self.person(f"reader{number}") for number in range(readers)]
        editor = self.log_in(self.editor)
        self.channels = [ok(editor.post("/v1/channels", {
            "slug": f"channel-{self.run}-{n}", "displayName": f"Channel {n}"}))["channelId"]
            for n in range(3)]
        self.topics = [ok(editor.post("/v1/topics", {
            "slug": f"topic-{self.run}-{n}", "displayName": f"Topic {n}"}))["topicId"]
            for n in range(3)]
        ok(editor.post("/v1/authors", {"slug": f"author-{self.run}", "displayName": f"Author {self.run}",
                                       "accountId": self.author["account_id"]}))
        author = self.log_in(self.author)
        self.posts = {level: [] for level in LEVELS}
        for level, count in zip(LEVELS, (3, posts, 2)):
            for _ in range(count):
                self.publish(author, level)
        # Posts that are also opened as pages: their views cannot be told from outside.
        self.paged = {posts[-1] for posts in self.posts.values()}
        wait_until(lambda: self.count("FEED", "posts") == 5 + posts, "the feed has every post", 60)

    def person(self, name, roles=""):
        address = f"{name}.{self.run}@reader.example"
        account_id = create_account(self.settings, address, name.capitalize(), roles)
        return {"email": address, "account_id": account_id}

    def log_in(self, person, gateway=None):
        browser = Browser(gateway or self.url)
        ok(browser.post("/v1/sessions", {"email": person["email"], "password": PASSWORD}))
        return browser

    def manuscript(self, level, marker, channel=None):
        return {"title": f"A post with {marker[-8:]}", "lede": "What it is about.",
                "channelId": channel or self.channels[0], "topicIds": [self.topics[0]],
                "accessLevel": level, "markdown": markdown_with(marker)}

    def publish(self, author, level):
        marker = new_marker()
        made = ok(author.post("/v1/manuscripts", self.manuscript(level, marker)))
        ok(author.post(f"/v1/manuscripts/{made['postId']}:publish"))
        self.history.add_post(made["postId"], level, marker.split()[-1])
        self.posts[level].append(made["postId"])

    def rows(self, service, sql):
        """What a query of a service's database returns, each row a list of texts."""
        done = psql(self.settings[f"PG_URL_{service}"], sql)
        assert done.returncode == 0, done.stderr
        return [line.split("|") for line in done.stdout.splitlines()]

    def value(self, service, sql):
        return self.rows(service, sql)[0][0]

    def count(self, service, what):
        return int(self.value(service, f"SELECT count(*) FROM {what}"))


def ok(answer):
    assert answer.status == 200, answer
    return answer.json


def until(seconds, condition, pause=0.2):
    """Polls; whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(pause)
    return False
