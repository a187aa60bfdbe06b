"""Rows of databases: of each service its own, and of all of them their one server."""

import contextlib
import time
import urllib.parse
import uuid

from crowd import Crowd
from local_stack import SERVICES, psql, wait_until
from row import HEARD, METERED, PREMIUM, PUBLIC, SETTLED, WAYS, Row
from wire import Wire
from world import PASSWORD

AWAY = (503, 504)
MANY = 60
# Tables of each service, and whose answers need them.
SLOW = {
    "account": ("accounts, sessions", {"account"}),
    "subscription": ("trials, memberships", {"subscription"}),
    # Whether a post that is cached has changed stands in a table of its own.
    "content": ("posts, published_changes", {"subscription", "content", "comment"}),
    "feed": ("follows, feed_entries", {"feed"}),
    "comment": ("comments", {"comment"}),
}


class Databases(Row):
    """One PostgreSQL each. Here one database of the one server is closed, or the wire to
    it hangs."""

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.wires = {}
        for service in SERVICES:
            url = urllib.parse.urlsplit(cls.stack.settings[f"PG_URL_{service.upper()}"])
            wire = cls.wires[service] = Wire(url.port)
            place = url.netloc.replace(f":{url.port}", f":{wire.port}")
            cls.restart_with(service, {"PG_URL": url._replace(netloc=place).geturl(),
                                       "COMMENT_LIMIT_PER_MINUTE": "1000"})

    def gone(self, way, service):
        return self.closed(service) if way == "stopped" else self.hanging(service)

    @contextlib.contextmanager
    def closed(self, service):
        url, name = self.stack.settings["PG_URL"], f"rostrum_{service}"
        try:
            for sql in (f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        f" WHERE datname = '{name}'"):
                self.assertEqual(psql(url, sql).returncode, 0)
            self.assert_only_this_is_not_ready(service)
            yield
        finally:
            psql(url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        wait_until(lambda: self.health(service), f"{service} is ready again")

    @contextlib.contextmanager
    def hanging(self, service):
        try:
            self.wires[service].hang()
            yield
            # Whoever asked found out; it takes until then at the latest.
            self.assert_only_this_is_not_ready(service)
        finally:
            self.wires[service].go_on()
        wait_until(lambda: self.health(service), f"{service} is ready again")

    def assert_only_this_is_not_ready(self, service):
        wait_until(lambda: not self.health(service), f"{service} is not ready")
        for other in set(SERVICES) - {service}:
            wait_until(lambda other=other: self.health(other), f"{other} is ready")

    def test_of_comment(self):
        for way in WAYS:
            with self.subTest(way):
                self.of_comment(way)

    def of_comment(self, way):
        readers = self.readers()
        page = self.page_of(PUBLIC)
        post = self.world.posts[PUBLIC][0]
        text = f"committed {uuid.uuid4().hex}"
        keys = [uuid.uuid4().hex for _ in range(MANY)]
        self.assertEqual(self.write(readers[0], keys[0], text).status, 200)
        with self.gone(way, "comment"):
            crowd = self.crowd((readers[n % len(readers)], "POST", f"/v1/posts/{post}/comments",
                                {"body": f"{text} {n}" if n else text}, {"Idempotency-Key": keys[n]})
                               for n in range(MANY))
            self.assert_article_without_discussion(readers[1], page)
            typed, request = uuid.uuid4().hex, str(uuid.uuid4())
            form = f"{page}/comments?post={post}", f"request={request}&body={typed}"
            shown = self.form(readers[1], *form)
            self.assertIn(shown.status, AWAY)
            self.assertIn(typed, shown.body.decode(), "what was typed is still there")
            self.assertIn(request, shown.body.decode(), "and, sent again, is not made twice")
            self.reader()
            self.assert_answers(crowd, AWAY, "comments without a database")
        for n in (0, 1, MANY - 1):
            wait_until(lambda n=n: self.write(readers[n % len(readers)], keys[n],
                                              f"{text} {n}" if n else text).status == 200,
                       "commenting")
        wait_until(lambda: self.form(readers[1], *form).status == 303, "sending it again")
        self.assertEqual(self.form(readers[1], *form).status, 303)
        self.assertEqual(self.world.rows(
            "COMMENT", f"SELECT count(*) FROM comments WHERE body = '{typed}'"), [["1"]])
        bodies = [row[0] for row in self.world.rows(
            "COMMENT", f"SELECT body FROM comments WHERE body LIKE '{text}%'")]
        self.assertEqual(sorted(bodies), sorted(set(bodies)))
        self.assertLessEqual({text, f"{text} 1", f"{text} {MANY - 1}"}, set(bodies))

    def test_of_account(self):
        for way in WAYS:
            with self.subTest(way):
                self.of_account(way)

    def of_account(self, way):
        reader, person = self.reader()
        known = self.known_member()
        with self.gone(way, "account"):
            crowd = self.crowd((self.visitor(), "POST", "/v1/sessions",
                                {"email": person["email"], "password": PASSWORD})
                               for person in self.world.readers * 5)
            self.assertTrue(self.access(self.visitor(), METERED)["granted"])
            self.assertTrue(self.access(known, PREMIUM)["granted"])
            page = self.form(self.visitor(), "/login", f"email={person['email']}&password=x12345678")
            self.assertIn(page.status, AWAY, page)
            self.assert_answers(crowd, AWAY, "log-ins without a database")
        wait_until(lambda: reader.send("GET", "/v1/account").status == 200, "sessions")

    def test_of_subscription(self):
        for way in WAYS:
            with self.subTest(way):
                self.of_subscription(way)

    def of_subscription(self, way):
        premium = f"/v1/posts/{self.world.posts[PREMIUM][0]}"
        readers = self.readers()
        with self.gone(way, "subscription"):
            crowd = self.crowd((reader, "GET", premium) for reader in readers * 5)
            self.assertTrue(self.access(self.member, PREMIUM)["granted"])
            self.assertTrue(self.access(self.visitor(), PUBLIC)["granted"])
            self.assert_answers(crowd, AWAY, "premium for whom nobody knows")
        wait_until(lambda: self.reason(self.visitor(), METERED) == "ACCESS_REASON_METER", "the meter")
        wait_until(lambda: self.reason(readers[0], PREMIUM) == "ACCESS_REASON_PREMIUM", "the wall")

    def test_of_content(self):
        for way in WAYS:
            with self.subTest(way):
                self.of_content(way)

    def of_content(self, way):
        page = self.page_of(PUBLIC)
        reader, _ = self.reader()
        time.sleep(SETTLED)
        self.get(self.visitor(), page)
        time.sleep(HEARD)
        with self.gone(way, "content"):
            crowd = self.crowd((self.visitor(), "GET", f"/v1/posts/{self.world.posts[METERED][n % 5]}")
                               for n in range(MANY))
            self.assert_public_text(page)
            self.get(reader, "/v1/feed")
            self.reader()
            self.assert_answers(crowd, AWAY, "posts without a database")
        wait_until(lambda: self.visitor().send("GET", "/").status == 200, "the home page")

    def test_of_feed(self):
        for way in WAYS:
            with self.subTest(way):
                self.of_feed(way)

    def of_feed(self, way):
        readers = self.readers()
        with self.gone(way, "feed"):
            crowd = self.crowd((reader, "GET", "/v1/feed") for reader in readers * 5)
            self.get(readers[0], self.page_of(PUBLIC))
            self.assertIn(readers[0].send("GET", "/feed").status, AWAY)
            self.assert_answers(crowd, AWAY, "feeds without a database")
        wait_until(lambda: readers[0].send("GET", "/feed").status == 200, "the feed")

    def test_that_is_slow(self):
        """Tables that are locked: what needs them is given up in time, the rest goes on."""
        page = self.page_of(PUBLIC)
        for slow, (tables, refused) in SLOW.items():
            reader, person = self.reader()
            asks = self.asks(reader, person)
            for ask in asks.values():
                ask()  # so that the gateway knows the reader, and services know each other
            with self.subTest(slow), self.transaction(slow, f"LOCK TABLE {tables}"):
                time.sleep(1.5)  # what content showed under a lease is over
                crowd = Crowd([asks[slow]] * 20)
                for service, ask in asks.items():
                    self.assertIn(ask().status, AWAY if service in refused else (200,), service)
                if slow == "comment":
                    self.assert_article_without_discussion(reader, page)
                self.assert_answers(crowd, AWAY, f"what needs {tables}")
                self.assertTrue(self.health(slow))
            for ask in asks.values():
                wait_until(lambda ask=ask: ask().status == 200, "an answer")

    def asks(self, reader, person):
        """What needs each of the services."""
        def get(path):
            return lambda: reader.send("GET", path)
        return {
            "account": lambda: self.visitor().send(
                "POST", "/v1/sessions", {"email": person["email"], "password": PASSWORD}),
            "subscription": get(f"/v1/posts/{self.world.posts[PREMIUM][0]}"),
            "content": get(f"/v1/posts/{self.world.posts[PUBLIC][0]}"),
            "feed": get("/v1/feed"),
            "comment": lambda: self.write(reader, uuid.uuid4().hex, "quick"),
        }


class Server(Row):
    """The one server of all databases hangs: its processes are stopped."""

    def test_that_hangs(self):
        readers = self.readers()
        pages = [self.page_of(PUBLIC), self.page_of(METERED)]
        visitors = [self.visitor() for _ in range(12)]
        time.sleep(SETTLED)
        for visitor in visitors:
            for page in pages:
                self.get(visitor, page)
        time.sleep(HEARD)
        keys = {reader: uuid.uuid4().hex for reader in readers}
        with self.away("hanging", "postgres"):
            time.sleep(1.5)  # what content showed under a lease is over
            self.ask_for_all(readers, visitors, pages, keys, "at first")
            for service in SERVICES:
                wait_until(lambda service=service: not self.health(service),
                           f"{service} is not ready")
            self.ask_for_all(readers, visitors, pages, keys, "when that is known")
        for service in SERVICES:
            wait_until(lambda service=service: self.health(service), f"{service} is ready again")
        self.assert_all_is_well(readers, keys)

    def ask_for_all(self, readers, visitors, pages, keys, when):
        """What needs a database is refused in time, to each of many; the rest goes on."""
        post = self.world.posts[PUBLIC][0]
        asks = [(reader, "POST", f"/v1/posts/{post}/comments", {"body": f"kept {key}"},
                 {"Idempotency-Key": key}) for reader, key in keys.items()]
        asks += [(reader, "GET", path) for reader in readers
                 for path in ("/v1/feed", "/v1/trial", f"/v1/posts/{post}")]
        asks += [(self.visitor(), "POST", "/v1/sessions", {"email": person["email"], "password": PASSWORD})
                 for person in self.world.readers]
        asks += [(self.visitor(), "GET", f"/v1/posts/{self.world.posts[METERED][0]}") for _ in readers]
        refused = self.crowd(asks)
        shown = self.crowd((visitor, "GET", page) for visitor in visitors for page in pages)
        for path in ("/healthz", "/readyz", "/v1/plans"):
            self.get(self.visitor(), path)
        self.assert_answers(shown, (200,), f"known articles, {when}")
        self.assert_answers(refused, AWAY, f"what needs a database, {when}")

    def assert_all_is_well(self, readers, keys):
        for reader, key in keys.items():
            wait_until(lambda reader=reader, key=key:
                       self.write(reader, key, f"kept {key}").status == 200, "commenting")
            self.assertEqual(self.world.count("COMMENT", f"comments WHERE body = 'kept {key}'"), 1)
        self.reader()
        wait_until(lambda: readers[0].send("GET", "/v1/feed").status == 200, "the feed")
        wait_until(lambda: self.reason(self.visitor(), METERED) == "ACCESS_REASON_METER", "the meter")
