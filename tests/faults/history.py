"""What was asked and what was answered: the record that is checked afterwards."""

import itertools
import json
import re
import threading
import time
import urllib.parse

from client import Browser

# Stands in the withheld part of every post that is not public.
MARKER = re.compile(rb"protected sentence ([0-9a-f]{32})")
POST_PATH = re.compile(r"^/v1/posts/([0-9a-f-]{36})$")


class History:
    """Every request with its outcome, and what was wrong with an answer. Thread-safe."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "w", encoding="utf-8", buffering=1)  # it may be kept at any time
        self.path = path
        self.counts = {}
        self.wrong = []
        self.facts = {}
        self.reads = []
        self.faults = []
        # Markers by the id of their post, and the level of each.
        self.posts = {}
        # The posts of the article pages that were led to, by path.
        self.pages = {}

    def add_post(self, post_id, level, marker):
        with self.lock:
            self.posts[post_id] = {"level": level, "marker": marker.encode()}

    def level_of(self, marker):
        with self.lock:
            for post in self.posts.values():
                if post["marker"] == marker:
                    return post["level"]
        return None

    def record(self, **entry):
        line = json.dumps(entry)
        with self.lock:
            if not self.file.closed:  # clients of a run that was broken off
                self.file.write(line + "\n")
            key = (entry["who"], entry.get("status") or entry.get("error"))
            self.counts[key] = self.counts.get(key, 0) + 1

    def complain(self, text):
        with self.lock:
            self.wrong.append(text)
        print(f"!! {text}", flush=True)

    def fact(self, kind, **values):
        """Something acknowledged that must be found afterwards."""
        with self.lock:
            self.facts.setdefault(kind, []).append(values)

    def of(self, kind):
        with self.lock:
            return list(self.facts.get(kind, []))

    def read(self, post_id, begin, end, granted, outcome):
        """A post that was asked for; granted is None if that was not answered."""
        with self.lock:
            self.reads.append((post_id, begin, end, granted, outcome))

    def fault(self, what, name, begin, end):
        with self.lock:
            self.faults.append({"what": what, "name": name, "begin": begin, "end": end})
        self.record(who="fault", status=what, name=name, begin=begin, end=end)

    def faults_of(self, service, *kinds):
        """(begin, end) of the faults of these kinds (of all, if none are named) that were
        done to a service's processes."""
        with self.lock:
            return [(f["begin"], f["end"]) for f in self.faults
                    if f["name"] in (service, *further_of(service)) and (f["what"] in kinds or not kinds)]


def further_of(service):
    return [f"{service}-{number}" for number in range(2, 10)]


class Client(Browser):
    """A browser whose every request is recorded and every answer looked through.

    `member` says whether it may read everything: "no" and "yes", or "maybe" while
    a trial or membership may begin at any moment.
    """

    timeout = 20
    error = None  # of the last request: why there was no answer
    next_network = 1
    network_lock = threading.Lock()

    def __init__(self, url, history, who, member="no", gateways=()):
        super().__init__(url)
        self.history = history
        self.who = who
        self.member = member
        with Client.network_lock:
            number = Client.next_network
            Client.next_network += 1
        # Requests go to them in turn.
        self.gateways = itertools.cycle(urllib.parse.urlsplit(gateway) for gateway in gateways)
        for _ in range(number % len(gateways) if gateways else 0):
            next(self.gateways)
        self.address = f"10.{number >> 8 & 255}.{number & 255}.1"

    def send(self, method, path, body=None, headers=None):
        """The answer, or None if none came."""
        self.url = next(self.gateways, self.url)
        sent = {"X-Forwarded-For": self.address, **(headers or {})}
        begin = time.time()
        try:
            answer = self.request(method, path, body, sent)
        except (OSError, ValueError, EOFError) as error:
            self.note(method, path, begin, None, type(error).__name__)
            return None
        except Exception as error:  # http.client's own errors have no common parent but this
            if type(error).__module__ != "http.client":
                raise
            self.note(method, path, begin, None, type(error).__name__)
            return None
        self.note(method, path, begin, answer, None)
        return answer

    def note(self, method, path, begin, answer, error):
        end = time.time()
        self.error = error
        status = answer.status if answer is not None else None
        self.history.record(who=self.who, method=method, path=path, begin=begin, end=end,
                            status=status, error=error)
        if answer is not None:
            self.look_through(method, path, answer)
        post = POST_PATH.match(path)
        if method == "GET" and post:
            access = answer.json["access"] if status == 200 else {}
            granted = bool(access.get("granted")) if status == 200 else None
            if granted is False and MARKER.search(answer.body):
                self.history.complain(f"text beside the wall: {self.who} {path}: {answer}")
            self.history.read(post.group(1), begin, end, granted, error or str(status))

    def look_through(self, method, path, answer):
        """What no answer may be, whatever is away."""
        raw = answer.body + str(answer.headers).encode()
        for marker in set(MARKER.findall(raw)):
            level = self.history.level_of(marker)
            if level == "ACCESS_LEVEL_PREMIUM" and self.member == "no":
                self.history.complain(f"premium text out: {self.who} {method} {path}: {answer}")
        if answer.status == 500 or answer.status == 501:
            self.history.complain(f"{answer.status}: {self.who} {method} {path}: {answer}")
        if answer.status == 503 and not answer.headers.get("Retry-After"):
            self.history.complain(f"503 without Retry-After: {self.who} {method} {path}: {answer}")
        by_id = POST_PATH.match(path) or re.match(r"^/p/([0-9a-f-]{36})$", path)
        post_id = by_id.group(1) if by_id else self.history.pages.get(path)
        post = self.history.posts.get(post_id)
        if answer.status == 404 and post:
            self.history.complain(f"404 for what exists: {self.who} {method} {path}: {answer}")
        if post and b'class="wall"' in answer.body:
            if post["level"] == "ACCESS_LEVEL_PUBLIC":
                self.history.complain(f"public post closed: {self.who} {method} {path}: {answer}")
            if post["marker"] in raw:
                self.history.complain(f"text beside the wall: {self.who} {method} {path}: {answer}")
