#!/usr/bin/python3
"""More is asked than the databases can answer: what is too much is refused in time and says
when to come back, as much is answered as before, memory stays within bounds, and what was
acknowledged is there.

Each database is made slow by sleeping for every row, so what can be answered depends on its
connections and little on the machine. What counts is how much is answered beside how much
was, never how long anything takes.

usage: overload.py BUILD [unittest arguments]
"""

import collections
import pathlib
import re
import sys
import threading
import time
import unittest
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e")]

from history import Client  # noqa: E402  (the path is known only now)
from local_stack import SERVICES, psql, wait_until  # noqa: E402
from row import PUBLIC, Row  # noqa: E402

FEW, MANY = 4, 300
CALM, BUSY = 4, 8  # seconds that are counted
WARM = 2  # seconds until as many wait as will
KEPT = 0.7  # of what was answered a second before
BACK = 0.5  # of the same, once all is over: the machine may be busy with something else then
# 504: a slow database, as RESILIENCE.md has it.
REFUSED = (429, 503, 504)

SLOW_READS = """
CREATE FUNCTION slow_read() RETURNS boolean LANGUAGE plpgsql STABLE AS
  $$ BEGIN PERFORM pg_sleep(0.008); RETURN true; END $$;
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON {table} FOR SELECT USING (slow_read());
CREATE POLICY adds ON {table} FOR INSERT WITH CHECK (true);
CREATE POLICY changes ON {table} FOR UPDATE USING (true);
CREATE POLICY removes ON {table} FOR DELETE USING (true);
"""
SLOW_READS_END = """
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
DROP POLICY reads ON {table}; DROP POLICY adds ON {table};
DROP POLICY changes ON {table}; DROP POLICY removes ON {table};
DROP FUNCTION slow_read();
"""
SLOW_WRITES = """
CREATE FUNCTION slow_write() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep(0.015); RETURN NEW; END $$;
CREATE TRIGGER slow_write BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION slow_write();
"""
SLOW_WRITES_END = "DROP TRIGGER slow_write ON {table}; DROP FUNCTION slow_write();"


class Asker(threading.Thread):
    """Asks for the same again and again, and comes back when it is told to. What was begun
    and is not acknowledged is asked for until it is."""

    def __init__(self, client, ask):
        super().__init__(daemon=True)
        self.client = client
        self.ask = ask
        self.stop = threading.Event()
        self.ended = []  # (when, status) of every answer

    def run(self):
        while not self.stop.is_set() or self.client.begun is not None:
            answer = self.ask(self.client)
            status = answer.status if answer is not None else None
            self.ended.append((time.monotonic(), status))
            refused = status is None or status in REFUSED
            time.sleep(float(answer and answer.headers.get("Retry-After") or 1) if refused else 0.01)


class Overload(Row):
    options = ("--env-file", HERE / "overload.env")

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.sessions = [cls.world.log_in(person).cookies for person in cls.world.readers]

    def test_of_lists(self):
        path = f"/v1/posts?channel={self.world.channels[0]}&pageSize=5"
        self.overload("content", "posts", SLOW_READS, SLOW_READS_END,
                      lambda client: client.send("GET", path))

    def test_of_discussions(self):
        """Of fewer: each is read in two transactions, and of some who get no second one the
        first was in vain."""
        path = f"/v1/posts/{self.world.posts[PUBLIC][0]}/comments"
        writer = self.client(0)
        for number in range(5):
            self.assertEqual(self.write(writer, uuid.uuid4().hex, f"comment {number}").status, 200)
        self.overload("comment", "comments", SLOW_READS, SLOW_READS_END,
                      lambda client: client.send("GET", path), many=200)

    def test_of_comments(self):
        """Comments that come together are one transaction, of as many as it can write in time."""
        said = collections.Counter()
        self.overload("comment", "comments", SLOW_WRITES, SLOW_WRITES_END,
                      lambda client: self.say(client, said))
        stored = collections.Counter(row[0] for row in self.world.rows(
            "COMMENT", "SELECT body FROM comments WHERE body LIKE 'said %'"))
        self.assertFalse((stored - said) + (said - stored), "comments that are not there once")
        print(f"   {len(said)} comments are there once", flush=True)

    def say(self, client, said):
        """A comment that was refused is sent again, as the same one."""
        key, text = client.begun = client.begun or (uuid.uuid4().hex, f"said {uuid.uuid4().hex}")
        answer = self.write(client, key, text, self.world.posts[PUBLIC][1])
        if answer is not None and answer.status == 200:
            said[text] += 1
            client.begun = None
        return answer

    def client(self, number):
        client = Client(self.world.url, self.history, "load", "no")
        client.cookies = dict(self.sessions[number % len(self.sessions)])
        client.begun = None
        return client

    # What is measured.

    def overload(self, service, table, slow, fast, ask, many=MANY):
        url = self.stack.settings["PG_URL"].rpartition("/")[0] + f"/rostrum_{service}"
        self.assertEqual(psql(url, slow.format(table=table)).stderr, "")
        try:
            before, wrong = self.load(FEW, CALM, ask)
            self.assertFalse(wrong, f"few are refused: {wrong}")
            busy, refused = self.load(many, BUSY, ask)
            self.look_at_refusals(refused, many / 2)
            self.assertGreaterEqual(busy, KEPT * before, "answers a second, of many and of few")
            self.look_at_memory()
            one = self.client(0)
            wait_until(lambda: ask(one).status == 200, "an answer", 15)
            after, wrong = self.load(FEW, CALM, ask)
            self.assertFalse(wrong, f"few are refused afterwards: {wrong}")
            self.assertGreaterEqual(after, BACK * before, "answers a second, afterwards and before")
        finally:
            psql(url, fast.format(table=table))

    def load(self, count, seconds, ask):
        """What so many clients get: answers a second, and other statuses."""
        askers = [Asker(self.client(number), ask) for number in range(count)]
        for asker in askers:
            asker.start()
        begin = time.monotonic() + WARM
        time.sleep(WARM + seconds)
        end = time.monotonic()
        for asker in askers:
            asker.stop.set()
        for asker in askers:
            asker.join(60)
            self.assertFalse(asker.is_alive(), "a client is forgotten")
        got = collections.Counter(status for asker in askers for when, status in asker.ended
                                  if begin <= when < end)
        every = collections.Counter(status for asker in askers for _, status in asker.ended)
        rate = got[200] / (end - begin)
        print(f"   {count} clients: {rate:.1f} answers a second, all: {dict(every)}", flush=True)
        return rate, {status: times for status, times in every.items() if status != 200}

    def look_at_refusals(self, refused, least):
        """That a 503 has a Retry-After is looked at by Client."""
        self.assertLessEqual(set(refused), set(REFUSED), "no other answers")
        early = refused.get(503, 0) + refused.get(429, 0)
        self.assertGreaterEqual(early, least, "it is too much, else nothing is tested")
        self.assertLessEqual(refused.get(504, 0), early, "most learn when to come back")

    def look_at_memory(self):
        """No process has ever had more than its pod may have."""
        for name in [*SERVICES, "gateway"]:
            text = (HERE.parents[1] / "k8s" / "base" / name / "deployment.yaml").read_text()
            limit = int(re.search(r"limits: \{memory: (\d+)Mi\}", text)[1])
            status = pathlib.Path(f"/proc/{self.stack.pid(name)}/status").read_text()
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
            self.assertLess(peak, limit, f"MiB of {name}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    Row.build = sys.argv.pop(1)
    unittest.main(verbosity=2)
