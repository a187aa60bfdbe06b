#!/usr/bin/python3
"""Restarts every process of a stack with two replicas of each, under load: no
request may fail.

The load alternates between the gateways that are ready, as a balancer does that
asks /readyz; half of the clients keep their connection for as long as the gateway
lets them. No client repeats a request that reached a gateway. Who watches a
discussion meanwhile still hears of it afterwards.

  tests/faults/rolling.py BUILD
"""

import http.client
import os
import pathlib
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e")]

from history import Client, History  # noqa: E402
from local_stack import SERVICES, Stack  # noqa: E402
from world import PASSWORD, World, ok, until  # noqa: E402


class Balancer:
    """Knows which gateways are ready, asked ten times a second."""

    def __init__(self, urls):
        self.urls = urls
        self.ready = {url: True for url in urls}
        self.asked = {url: time.monotonic() for url in urls}
        self.late = {}  # when it was last too long until one could be asked
        self.turn = 0
        self.lock = threading.Lock()
        for url in urls:
            threading.Thread(target=self.watch, args=(url,), daemon=True).start()

    def watch(self, url):
        host = url.removeprefix("http://")
        while True:
            try:
                connection = http.client.HTTPConnection(host, timeout=5)
                connection.request("GET", "/readyz")
                self.ready[url] = connection.getresponse().status == 200
                connection.close()
            except OSError:
                self.ready[url] = False
            if self.is_late(url):
                self.late[url] = time.monotonic()
            self.asked[url] = time.monotonic()
            time.sleep(0.1)

    def is_late(self, url):
        return time.monotonic() - self.asked[url] > 0.5

    def stood_still(self, url):
        """Whether the machine had no time to ask: then it could not know who goes."""
        return self.is_late(url) or time.monotonic() - self.late.get(url, -60) < 2

    def next(self):
        with self.lock:
            ready = [url for url in self.urls if self.ready[url]] or self.urls
            self.turn += 1
            return ready[self.turn % len(ready)]


class Load(threading.Thread):
    """One client that reads and writes without a break."""

    def __init__(self, world, balancer, person, number):
        super().__init__(daemon=True)
        self.world = world
        self.balancer = balancer
        self.person = person
        self.number = number
        self.stop = threading.Event()
        self.done = 0
        self.keeps = number % 2 == 1
        self.connections = 0  # those that were kept

    def client(self):
        return Client(self.balancer.next(), self.world.history, "load", "maybe")

    def run(self):
        session = self.client()
        session.keeps = self.keeps
        self.at(session, "POST", "/v1/sessions", {"email": self.person["email"], "password": PASSWORD})
        posts = [post for level in self.world.posts.values() for post in level]
        next_comment = time.monotonic() + self.number
        while not self.stop.is_set():
            self.done += 1
            post = posts[self.done % len(posts)]
            self.at(session, "GET", f"/v1/posts/{post}")
            self.at(self.client(), "GET", f"/v1/posts/{post}")
            self.at(session, "GET", "/v1/feed?pageSize=5")
            self.at(session, "GET", "/")
            self.at(session, "PUT", f"/v1/follows/FOLLOW_KIND_TOPIC/{self.world.topics[0]}")
            if time.monotonic() >= next_comment:  # ten a minute are allowed
                next_comment = time.monotonic() + 8
                text = f"comment {uuid.uuid4().hex}"
                made = self.at(session, "POST",
                               f"/v1/posts/{self.world.posts['ACCESS_LEVEL_PUBLIC'][0]}/comments",
                               {"body": text})
                if made is not None and made.status == 200:
                    self.world.history.fact("comment", text=text)

    def at(self, client, method, path, body=None):
        if not client.is_connected():
            self.connections += client.keeps
            client.url = self.client().url
        return self.expect(client, method, path, body)

    def expect(self, client, method, path, body=None):
        answer = client.send(method, path, body)
        # It got nowhere: as every balancer does, the next is asked.
        if client.error == "ConnectionRefusedError" and self.balancer.stood_still(client.url.geturl()):
            self.balancer.ready[client.url.geturl()] = False
            client.url = self.client().url
            answer = client.send(method, path, body)
        if answer is None or answer.status != 200:
            self.world.history.complain(f"{time.time():.3f} {method} {client.url.netloc}{path}: {answer}")
        return answer


class Watcher(threading.Thread):
    """A reader to whom a discussion is shown. When its stream ends, in good order, it opens
    another, as browsers do."""

    def __init__(self, world, balancer, post):
        super().__init__(daemon=True)
        self.history = world.history
        self.balancer = balancer
        self.path = f"/live/posts/{post}?since={time.time() * 1000:.0f}"
        self.stop = threading.Event()
        self.opened = self.changes = 0

    def run(self):
        while not self.stop.is_set():
            url = self.balancer.next()
            try:
                self.watch(urllib.parse.urlsplit(url))
            except (OSError, http.client.HTTPException) as error:
                refused = isinstance(error, ConnectionRefusedError) and self.balancer.stood_still(url)
                if not refused and not self.stop.is_set():
                    self.history.complain(f"{time.time():.3f} a stream of {url}: {error!r}")
            time.sleep(0.5)

    def watch(self, url):
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        connection.request("GET", self.path)
        response = connection.getresponse()
        if response.status != 200:
            raise http.client.HTTPException(f"{response.status}")
        self.opened += 1
        while part := response.read1(65536):  # an event is one chunk
            self.changes += part.count(b"event: changed")
        connection.close()


def roll(stack, world):
    balancer = Balancer(stack.settings["ROSTRUM_URLS"].split(","))
    loads = [Load(world, balancer, person, number) for number, person in enumerate(world.readers[:6])]
    quiet = world.posts["ACCESS_LEVEL_PUBLIC"][1]
    watchers = [Watcher(world, balancer, quiet) for _ in balancer.urls]
    for thread in loads + watchers:
        thread.start()
    assert until(60, lambda: all(load.done > 2 for load in loads)), "the load does not begin"
    restart(stack, loads, SERVICES)
    assert [watcher.opened for watcher in watchers] == [1, 1], "a stream has ended with a service"
    restart(stack, loads, ["gateway"])
    comment_for(watchers, quiet, world, balancer)
    for thread in loads + watchers:
        thread.stop.set()
    for load in loads:
        load.join(60)
    for load in loads:
        assert not load.keeps or 1 < load.connections < load.done, "no connection is kept"
    written = {row[0] for row in world.rows("COMMENT", "SELECT body FROM comments")}
    acknowledged = {fact["text"] for fact in world.history.of("comment")}
    assert acknowledged == written, acknowledged ^ written
    requests = sum(world.history.counts.values())
    print(f"   {requests} requests, {len(acknowledged)} comments;"
          f" rounds on kept connections: {[(load.done, load.connections) for load in loads[1::2]]}")


def restart(stack, loads, names):
    for name in names:
        for replica in (name, f"{name}-2"):
            print(f"   {time.time():.3f} restart {replica}", flush=True)
            done = stack.child("restart", replica)
            assert done.returncode == 0, done.stderr
            # The next one goes when this one takes its part again: longer than clients wait
            # until they try to connect. Addresses stay the same here; a Deployment's
            # minReadySeconds is longer, because clients learn new ones from DNS.
            time.sleep(3)
            before = [load.done for load in loads]
            assert until(60, lambda: all(load.done > b + 2 for load, b in zip(loads, before)))


def comment_for(watchers, post, world, balancer):
    """All of them were moved to another gateway, and hear of a comment that is written now."""
    assert until(10, lambda: all(watcher.opened > 1 for watcher in watchers)), "no stream has ended"
    time.sleep(1)  # what a stream says when it is opened
    told = [watcher.changes for watcher in watchers]
    writer = Client(balancer.next(), world.history, "writer")
    ok(writer.post("/v1/sessions", {"email": world.readers[6]["email"], "password": PASSWORD}))
    text = f"comment {uuid.uuid4().hex}"
    ok(writer.post(f"/v1/posts/{post}/comments", {"body": text}))
    world.history.fact("comment", text=text)
    assert until(20, lambda: all(watcher.changes > n for watcher, n in zip(watchers, told))), \
        "who watches a discussion does not hear of it"


def main():
    with tempfile.TemporaryDirectory(prefix="rostrum-rolling.") as folder:
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user
        history = History(pathlib.Path(folder) / "history.jsonl")
        stack = Stack(sys.argv[1], folder, "--restartable", "--replicas", "2",
                      "--env-file", HERE / "faults.env")
        try:
            with stack.kept_if_it_fails("rolling", history.path):
                roll(stack, World(stack.wait_ready().settings, history))
                wrong = history.wrong + stack.wrong_ends()
                assert not wrong, f"{len(wrong)} failures, among them {wrong[:3]}"
        finally:
            stack.end()
    print("No request failed.")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main())
