"""A thousand visitors, each with an address, a browser and a pass of their own."""

import base64
import concurrent.futures
import http.client
import urllib.parse
import uuid

VISITORS = 1000


class Visitor:
    def __init__(self, number, url):
        self.url = urllib.parse.urlsplit(url)
        # Any address of 127.0.0.0/8 is this machine.
        self.address = f"127.{100 + number % 100}.{number // 100}.{17 + number % 200}"
        self.agent = f"Agent-{uuid.uuid4().hex}"
        self.referrer = f"https://from-{uuid.uuid4().hex}.example/"
        self.word = f"word{uuid.uuid4().hex}"  # that is searched for
        self.passes = {}  # cookie and its attributes
        self.answers = []

    def visit(self, paths):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=30,
                                                source_address=(self.address, 0))
        for path in [*paths, f"/search?q={self.word}", f"/v1/posts:search?query={self.word}"]:
            headers = {"User-Agent": self.agent, "Referer": self.referrer,
                       "Accept-Language": f"x-{self.agent[:8]}"}
            if self.passes:
                headers["Cookie"] = "; ".join(f"{k}={v}" for k, (v, _) in self.passes.items())
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            self.answers.append((path, response.status, response.read()))
            for cookie in response.headers.get_all("Set-Cookie") or []:
                pair, _, attributes = cookie.partition(";")
                name, _, value = pair.partition("=")
                self.passes[name] = value, attributes
        connection.close()
        return self

    def marks(self):
        """All by which the visitor could be recognised, in the forms that it may have in text."""
        yield self.agent.encode(), "browser"
        yield self.referrer.split("/")[2].encode(), "referrer"
        yield self.word.encode(), "searched word"
        yield self.address.encode(), "address"
        yield self.address.rpartition(".")[0].encode() + b".", "network"
        for part in self.passes["pass"][0].split("."):
            raw = decoded(part)
            for form in (part.encode(), raw.hex().encode(), base64.b64encode(raw)):
                yield form, "pass"

    def raw_pass(self):
        return [decoded(part) for part in self.passes["pass"][0].split(".")]


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def send(url, paths):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda number: Visitor(number, url).visit(paths), range(VISITORS)))
