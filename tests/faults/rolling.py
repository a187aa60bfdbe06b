#!/usr/bin/python3
"""Restarts every process of a stack with two replicas of each, under load: no
request may fail.

The load alternates between the gateways that are ready, as a balancer does that
asks /readyz; no client repeats a request that reached a gateway.

  tests/faults/rolling.py BUILD
"""

import http.client
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e")]

from history import Client, History  # noqa: E402
from local_stack import SERVICES, Stack  # noqa: E402
from world import World, until  # noqa: E402


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

    def client(self):
        return Client(self.balancer.next(), self.world.history, "load", "maybe")

    def run(self):
        session = self.client()
        self.expect(session, "POST", "/v1/sessions",
                    {"email": self.person["email"], "password": "a reader's long password"})
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


def roll(stack, world):
    balancer = Balancer(stack.settings["ROSTRUM_URLS"].split(","))
    loads = [Load(world, balancer, person, number) for number, person in enumerate(world.readers[:6])]
    for load in loads:
        load.start()
    assert until(60, lambda: all(load.done > 2 for load in loads)), "the load does not begin"
    for name in SERVICES + ["gateway"]:
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
    for load in loads:
        load.stop.set()
    for load in loads:
        load.join(60)
    written = {row[0] for row in world.rows("COMMENT", "SELECT body FROM comments")}
    acknowledged = {fact["text"] for fact in world.history.of("comment")}
    assert acknowledged == written, acknowledged ^ written
    requests = sum(world.history.counts.values())
    print(f"   {requests} requests, {len(acknowledged)} comments")


def main():
    build = sys.argv[1]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rostrum-rolling."))
    os.chmod(folder, 0o755)
    history = History(folder / "history.jsonl")
    stack = Stack(build, folder, "--restartable", "--replicas", "2", "--env-file", HERE / "faults.env")
    try:
        stack.wait_ready()
        roll(stack, World(stack.settings, history))
        if history.wrong:
            kept = pathlib.Path(build) / "fault-logs" / "rolling"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(stack.state / "logs", kept)
            shutil.copy(history.path, kept)
            print(f"FAILED: {len(history.wrong)} requests; logs are in {kept}")
            return 1
    finally:
        stack.end()
        stack.output.close()
        shutil.rmtree(folder, ignore_errors=True)
    print("No request failed.")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main())
