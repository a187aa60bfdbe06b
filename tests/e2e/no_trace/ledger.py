"""The page /privacy/ledger, and whether it names what is stored."""

import html
import re
import threading
import time

from local_stack import SERVICES
from stores import Redis, columns_of

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class Entry:
    def __init__(self, program, text):
        self.program = program
        self.name, self.kind = first(r"<h3><code>(.*?)</code> <span class=\"quiet\">(.*?)</span>", text)
        (self.kept,) = first(r"<span class=\"quiet\">Kept: (.*?)</span></p>", text)
        self.columns = {column for names in re.findall(r"<dt><code>(.*?)</code>", text)
                        for column in names.split(", ")}
        # In a key <...> stands for what differs.
        self.pattern = re.compile(re.sub("<.*?>", "[^:{}]+", re.sub(r"([{}.*+?()\[\]])", r"\\\1", self.name)))

    @property
    def seconds(self):
        """The longest that a key is kept; None: as long as something is the case."""
        found = re.match(r"(\d+) (second|minute|hour|day)", self.kept)
        return int(found[1]) * UNITS[found[2]] if found else None


def first(pattern, text):
    found = re.search(pattern, text, re.S)
    assert found, f"no {pattern} in {text[:300]}"
    return [html.unescape(group) for group in found.groups()]


class LedgerPage:
    def __init__(self, page):
        self.entries = []
        for section in re.findall(r"<section class=\"ledger\".*?</section>", page, re.S):
            (program,) = first(r"<h2 id=\"stored-(.*?)\"", section)
            self.entries += [Entry(program, text) for text in re.split("(?=<h3>)", section)[1:]]

    def of_kind(self, kind, *programs):
        return [e for e in self.entries if e.kind == kind and (not programs or e.program in programs)]

    def check_tables(self, settings):
        """Names every column of every database, and none that is not there."""
        count = 0
        for service in SERVICES:
            named = {e.name: e.columns for e in self.of_kind("table", service, "common")}
            there = columns_of(settings, service)
            assert named == there, f"{service}: {differences(named, there)}"
            count += sum(len(columns) for columns in there.values())
        return count

    def check_keys(self, seen):
        """Names every key that was in Redis, for the longest that it is kept, and no other."""
        used = set()
        for key, left in seen.items():
            matching = [e for e in self.of_kind("key in Redis") if e.pattern.fullmatch(key)]
            assert len(matching) == 1, f"the ledger names {key} {len(matching)} times"
            (entry,) = matching
            assert entry.seconds is None or 0 < left <= entry.seconds * 1000, \
                f"{key} is kept for {left} ms, not {entry.kept}"
            used.add(entry.name)
        unused = {e.name for e in self.of_kind("key in Redis")} - used
        assert not unused, f"never seen: {unused}"
        return len(used)

    def check_cookies(self, cookies):
        """Names every cookie that was set, with its lifetime."""
        named = {e.name: e.seconds for e in self.of_kind("cookie")}
        assert cookies == named, (cookies, named)


def differences(named, there):
    flat = [{f"{table}.{column}" for table, columns in tables.items() for column in columns}
            for tables in (named, there)]
    return f"only in the ledger: {flat[0] - flat[1]}, only in the database: {flat[1] - flat[0]}"


class KeyWatcher:
    """Looks again and again which keys are in Redis, some of them for seconds only."""

    def __init__(self, settings):
        self.stores = [Redis(settings[name]) for name in ("REDIS_URL", "REDIS_CACHE_URL")]
        self.seen = {}
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.ends.is_set():
            for store in self.stores:
                self.seen |= store.keys(known=self.seen)
            time.sleep(0.05)

    def end(self):
        self.ends.set()
        self.thread.join(60)
        assert not self.thread.is_alive()
        for store in self.stores:
            for key, left in store.keys().items():
                self.seen[key] = max(left, self.seen.get(key, left))
        return self.seen
