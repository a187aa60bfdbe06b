"""A small client of Redis, and all that it holds."""

import socket
import urllib.parse


class Redis:
    """Speaks RESP2."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.stream = socket.create_connection((parts.hostname, parts.port), 30).makefile("rwb")
        self.ask("AUTH", parts.password)

    def ask(self, *command):
        self.send(*command)
        return self.read()

    def send(self, *command):
        self.stream.write(b"*%d\r\n" % len(command))
        for word in command:
            word = word if isinstance(word, bytes) else str(word).encode()
            self.stream.write(b"$%d\r\n%s\r\n" % (len(word), word))
        self.stream.flush()

    def read(self):
        line = self.stream.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        if kind == b"$":
            return None if rest == b"-1" else self.stream.read(int(rest) + 2)[:-2]
        assert kind != b"-", rest
        return int(rest) if kind == b":" else rest

    def keys(self, known=()):
        """Every key that is not known yet with its milliseconds to live; -1: no end."""
        cursor, keys = b"0", {}
        while True:
            cursor, found = self.ask("SCAN", cursor, "COUNT", 1000)
            for key in {key.decode() for key in found}.difference(known):
                left = self.ask("PTTL", key)
                if left != -2:  # it has just ended
                    keys[key] = left
            if cursor == b"0":
                return keys

    def views_wait(self):
        """Whether there are views that are still on their way into PostgreSQL."""
        return bool(self.ask("KEYS", "{views}:current") + self.ask("KEYS", "{views}:batch*"))

    def contents(self):
        """Keys and values, as one text for each key."""
        read = {b"string": ("GET",), b"set": ("SMEMBERS",), b"hash": ("HGETALL",)}
        texts = {}
        for key in self.keys():
            kind = self.ask("TYPE", key)
            if kind == b"none":
                continue
            (command,) = read[kind]
            value = self.ask(command, key)
            parts = value if isinstance(value, list) else [value or b""]
            texts[key] = b" ".join([key.encode(), *parts])
        return texts
