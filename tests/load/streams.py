"""Open event streams on one gateway."""

import resource
import selectors
import socket
import urllib.parse

from footprint import proportional_kib
from row import Row


class Streams(Row):
    name = "streams"
    what = "event streams open on one gateway, memory for them"
    unit = "MiB"
    reach = "10,000 under 300 MiB"

    def prepare(self):
        self.count = 50 if self.small else 10_000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert hard >= self.count + 200, f"{hard} open files are allowed; raise it (ulimit -Hn)"
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, self.count + 200), hard))
        self.sockets = []

    def open(self, host, port, path, number):
        """From an address of its own for every thousand: ports are of an address."""
        stream = self.at_end.enter_context(socket.socket())
        stream.settimeout(30)
        stream.bind((f"127.0.1.{1 + number // 1000}", 0))
        stream.connect((host, port))
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
                       "Accept: text/event-stream\r\n\r\n".encode())
        self.sockets.append(stream)

    def work(self):
        url = urllib.parse.urlsplit(self.url)
        path = f"/live/posts/{self.a_post()}?since=99999999999999"
        gateway = self.stack.pid("gateway")
        before = proportional_kib(gateway)
        for number in range(self.count):
            self.open(url.hostname, url.port, path, number)
        with selectors.DefaultSelector() as selector:
            for each in self.sockets:
                selector.register(each, selectors.EVENT_READ)
            waiting = set(self.sockets)
            while waiting:
                ready = selector.select(30)
                assert ready, f"{len(waiting)} streams were not answered"
                for key, _ in ready:
                    head = key.fileobj.recv(4096)
                    assert head.startswith(b"HTTP/1.1 200"), head
                    assert b"text/event-stream" in head, head
                    selector.unregister(key.fileobj)
                    waiting.discard(key.fileobj)
        return (proportional_kib(gateway) - before) / 1024

    def reached(self, result):
        return result["figure"] < 300
