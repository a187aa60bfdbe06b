"""What keeps working (SECURITY.md), row by row: each dependency is taken away from
a running stack, what readers then see is looked at over HTTP, and that all is well
when it is back.

usage: degradation.py BUILD [unittest arguments]
"""

import contextlib
import pathlib
import subprocess
import sys
import time
import unittest
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e")]

from local_stack import psql  # noqa: E402  (the path is known only now)
from row import METERED, PREMIUM, PUBLIC, Row  # noqa: E402
from world import PASSWORD, ok  # noqa: E402

# Taken away in both ways in which things go: it is not there, or it does not answer.
WAYS = ("stopped", "hanging")


class OneOfEach(Row):
    def test_redis(self):
        for way in WAYS:
            with self.subTest(way):
                self.redis(way)

    def redis(self, way):
        client = self.exhausted()
        reader, person = self.reader()
        post = self.world.posts[PUBLIC][1]
        counted = f"SELECT coalesce(sum(view_count), 0) FROM post_views WHERE post_id = '{post}'"
        before = int(self.world.value("CONTENT", counted))
        with self.away(way, "redis-state", "redis-cache"):
            # Reading: the meter lets in, also whose free reads are over.
            self.eventually(lambda: self.reason(client, METERED, 6) == "ACCESS_REASON_METER_UNAVAILABLE",
                            "the meter lets in")
            self.assertEqual(self.access(client, METERED, 7)["reason"], "ACCESS_REASON_METER_UNAVAILABLE")
            self.assertFalse(self.access(client, PREMIUM)["granted"])
            self.assertEqual(self.access(self.member, PREMIUM)["reason"], "ACCESS_REASON_TRIAL")
            for _ in range(7):
                self.get(self.visitor(), f"/v1/posts/{post}")
            # Log in, comment, sign up.
            ok(self.visitor().post("/v1/sessions", {"email": person["email"], "password": PASSWORD}))
            text = f"without Redis {uuid.uuid4().hex}"
            self.assertEqual(self.write(reader, uuid.uuid4().hex, text).status, 200)
            begun = self.visitor().post("/v1/signUps", {
                "displayName": "New", "email": f"r{uuid.uuid4().hex}@mail.example", "password": PASSWORD,
                "intent": "SIGN_UP_INTENT_TRIAL"})
            self.assertEqual(begun.status, 200, begun)
            # The trial's end comes from PostgreSQL.
            trial = self.get(self.member, "/v1/trial").json
            self.assertTrue(trial["active"])
            account = self.get(self.member, "/account").body.decode()
            self.assertIn(f'data-expire="{trial["endTime"][:16]}', account)
            # Limits are kept by each process.
            answers = [self.write(reader, uuid.uuid4().hex, f"{text} {n}") for n in range(12)]
            limited = [a for a in answers if a.status == 429]
            self.assertTrue(limited, [a.status for a in answers])
            self.assertTrue(limited[0].headers["Retry-After"])
        self.eventually(lambda: self.reason(self.visitor(), METERED) == "ACCESS_REASON_METER",
                        "the meter measures again")
        self.assertEqual(self.access(client, METERED, 8)["reason"], "ACCESS_REASON_METER_ENDED")
        # Views were kept in memory, and each is counted once.
        self.eventually(lambda: int(self.world.value("CONTENT", counted)) >= before + 7, "views catch up")
        time.sleep(2)  # were one counted twice, it would be settled by now
        self.assertEqual(int(self.world.value("CONTENT", counted)), before + 7)

    def test_account(self):
        for way in WAYS:
            with self.subTest(way):
                self.account(way)

    def account(self, way):
        unknown, person = self.reader()
        known = self.known_member()
        with self.away(way, "account"):
            # Visitors read, and so do those whom the gateway knows.
            self.assertTrue(self.access(self.visitor(), METERED)["granted"])
            self.assertTrue(self.access(known, PREMIUM)["granted"])
            self.get(known, "/v1/feed")
            # Logging in says that it will be possible again.
            answer = self.visitor().send("POST", "/v1/sessions",
                                         {"email": person["email"], "password": PASSWORD})
            self.assertIn(answer.status, (503, 504), answer)
            page = self.form(self.visitor(), "/login", f"email={person['email']}&password=x12345678")
            self.assertEqual(page.status, 503)
            self.assertIn("Try again shortly", page.body.decode())
            self.assertTrue(page.headers["Retry-After"])
            # A session that cannot be looked up is not taken for a stranger's.
            answer = unknown.send("GET", f"/v1/posts/{self.world.posts[PREMIUM][0]}")
            self.assertIn(answer.status, (503, 504), answer)
        self.eventually(lambda: unknown.send("GET", "/v1/account").status == 200, "sessions are known again")
        ok(self.visitor().post("/v1/sessions", {"email": person["email"], "password": PASSWORD}))

    def test_subscription(self):
        for way in WAYS:
            with self.subTest(way):
                self.subscription(way)

    def subscription(self, way):
        stranger, _ = self.reader()
        page = self.page_of(PREMIUM)
        with self.away(way, "subscription"):
            self.assertTrue(self.access(self.visitor(), PUBLIC)["granted"])
            self.assertEqual(self.access(self.visitor(), METERED)["reason"],
                             "ACCESS_REASON_METER_UNAVAILABLE")
            # Whoever is known to be entitled reads on, in the page too.
            self.assertEqual(self.access(self.member, PREMIUM)["reason"], "ACCESS_REASON_TRIAL")
            self.assertIn(b"protected sentence", self.get(self.member, page).body)
            # For others it cannot be found out: neither the text nor a wall.
            for client in (self.visitor(), stranger):
                answer = self.get(client, f"/v1/posts/{self.world.posts[PREMIUM][0]}", 503)
                self.assertEqual(answer.reason, "ACCESS_UNKNOWN")
                html = self.get(client, page, 503).body.decode()
                self.assertIn("Try again shortly", html)
                self.assertNotIn("/join", html.split("<main")[1].split("</main")[0])
            # Nobody is told to buy what may be theirs already.
            account = self.get(self.member, "/account").body.decode()
            self.assertIn("cannot be shown at this moment", account)
            self.assertNotIn("/join?return=/account", account)
            answer = stranger.send("POST", "/v1/checkouts", {"planId": "monthly"},
                                   {"Idempotency-Key": uuid.uuid4().hex})
            self.assertIn(answer.status, (503, 504), answer)
        self.eventually(lambda: self.reason(stranger, PREMIUM) == "ACCESS_REASON_PREMIUM", "the wall")
        self.eventually(lambda: self.reason(self.visitor(), METERED) == "ACCESS_REASON_METER", "the meter")

    def test_content(self):
        for way in WAYS:
            with self.subTest(way):
                self.content(way)

    def content(self, way):
        page, premium = self.page_of(PUBLIC), self.page_of(PREMIUM)
        reader, person = self.reader()
        for path in (page, premium):
            self.get(self.visitor(), path)
        with self.away(way, "content"):
            # What was open to visitors a moment ago stays open to them.
            self.assert_public_text(page)
            # Not "there is nothing": it is resting.
            for path in (premium, "/", f"/p/{self.world.posts[PUBLIC][0]}"):
                answer = self.visitor().send("GET", path)
                self.assertEqual(answer.status, 503, f"{path}: {answer}")
                self.assertIn("Try again shortly", answer.body.decode())
            answer = self.visitor().send("GET", f"/v1/posts/{self.world.posts[METERED][0]}")
            self.assertIn(answer.status, (503, 504), answer)
            self.assertIn(self.write(reader, uuid.uuid4().hex, "no post").status, (503, 504))
            # The rest goes on.
            ok(self.visitor().post("/v1/sessions", {"email": person["email"], "password": PASSWORD}))
            self.get(reader, "/v1/feed")
            self.get(self.visitor(), "/v1/plans")
        self.eventually(lambda: self.visitor().send("GET", premium).status == 200, "articles")
        bodies = [row[0] for row in self.world.rows("COMMENT", "SELECT body FROM comments")]
        self.assertNotIn("no post", bodies)

    def test_feed(self):
        for way in WAYS:
            with self.subTest(way):
                self.feed(way)

    def feed(self, way):
        page = self.page_of(PUBLIC)
        reader, person = self.reader()
        follow = f"/v1/follows/FOLLOW_KIND_TOPIC/{self.world.topics[2]}"
        with self.away(way, "feed"):
            self.assertIn(b'class="discussion"', self.get(self.visitor(), page).body)
            self.assertIn(b'class="discussion"', self.get(reader, page).body)
            self.assertIn("Try again shortly", self.get(reader, "/feed", 503).body.decode())
            self.assertIn("What you follow cannot be shown", self.get(reader, "/account").body.decode())
            self.assertIn(reader.send("PUT", follow).status, (503, 504))
        self.eventually(lambda: reader.send("PUT", follow).status == 200, "following")
        stored = self.world.rows("FEED", "SELECT 1 FROM follows WHERE account_id ="
                                         f" '{person['account_id']}'")
        self.assertEqual(len(stored), 1)

    def test_comment(self):
        for way in WAYS:
            with self.subTest(way):
                self.comment(way)

    def comment(self, way):
        page = self.page_of(PUBLIC)
        reader, _ = self.reader()
        key, text = uuid.uuid4().hex, f"said while away {uuid.uuid4().hex}"
        with self.away(way, "comment"):
            self.assert_article_without_discussion(reader, page)
            self.assertIn(self.write(reader, key, text).status, (503, 504))
        self.eventually(lambda: self.write(reader, key, text).status == 200, "commenting")
        self.assertEqual(self.write(reader, key, text).status, 200)
        self.assertEqual(self.world.count("COMMENT", f"comments WHERE body = '{text}'"), 1)


    def test_mail_relay(self):
        address = f"mail.{uuid.uuid4().hex}@mail.example"
        client = self.visitor()
        client.send("GET", f"/v1/posts/{self.world.posts[PREMIUM][0]}")
        with self.away("stopped", "mail"):
            ok(client.post("/v1/signUps", {"displayName": "Patient", "email": address,
                                           "password": PASSWORD, "intent": "SIGN_UP_INTENT_TRIAL"}))
            waiting = "mails WHERE finish_time IS NULL AND attempts > 0"
            self.eventually(lambda: self.world.count("ACCOUNT", waiting) >= 1, "the mail waits")
        self.eventually(lambda: self.world.mails.to(address), "the mail comes", 120)


class Databases(Row):
    """One PostgreSQL each: here one database of the one server is closed."""

    def health(self, service):
        target = self.stack.settings[f"{service.upper()}_TARGET"]
        return subprocess.run([pathlib.Path(self.build) / "deploy" / "rostrum-health", target, "1"],
                              capture_output=True, check=False).returncode == 0

    @contextlib.contextmanager
    def closed(self, service):
        url, name = self.stack.settings["PG_URL"], f"rostrum_{service}"
        try:
            for sql in (f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        f" WHERE datname = '{name}'"):
                self.assertEqual(psql(url, sql).returncode, 0)
            self.eventually(lambda: not self.health(service), f"{service} is not ready")
            for other in {"account", "subscription", "content", "feed", "comment"} - {service}:
                self.assertTrue(self.health(other), other)
            yield
        finally:
            psql(url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        self.eventually(lambda: self.health(service), f"{service} is ready again")

    def test_of_comment(self):
        reader, _ = self.reader()
        text = f"committed {uuid.uuid4().hex}"
        key = uuid.uuid4().hex
        self.assertEqual(self.write(reader, key, text).status, 200)
        with self.closed("comment"):
            self.assert_article_without_discussion(reader, self.page_of(PUBLIC))
            self.assertEqual(self.write(reader, key, text).status, 503)
        self.eventually(lambda: self.write(reader, key, text).status == 200, "commenting")
        self.assertEqual(self.world.count("COMMENT", f"comments WHERE body = '{text}'"), 1)

    def test_of_account(self):
        reader, person = self.reader()
        known = self.known_member()
        with self.closed("account"):
            self.assertTrue(self.access(self.visitor(), METERED)["granted"])
            self.assertTrue(self.access(known, PREMIUM)["granted"])
            page = self.form(self.visitor(), "/login", f"email={person['email']}&password=x12345678")
            self.assertEqual(page.status, 503, page)
        self.eventually(lambda: reader.send("GET", "/v1/account").status == 200, "sessions")

    def test_of_subscription(self):
        with self.closed("subscription"):
            self.assertTrue(self.access(self.member, PREMIUM)["granted"])
            self.get(self.reader()[0], f"/v1/posts/{self.world.posts[PREMIUM][0]}", 503)
        self.eventually(lambda: self.reason(self.visitor(), METERED) == "ACCESS_REASON_METER", "the meter")

    def test_of_content(self):
        page = self.page_of(PUBLIC)
        self.get(self.visitor(), page)
        with self.closed("content"):
            self.assert_public_text(page)
            self.get(self.reader()[0], "/v1/feed")
        self.eventually(lambda: self.visitor().send("GET", "/").status == 200, "the home page")

    def test_of_feed(self):
        reader, _ = self.reader()
        with self.closed("feed"):
            self.get(reader, self.page_of(PUBLIC))
            self.get(reader, "/feed", 503)
        self.eventually(lambda: reader.send("GET", "/feed").status == 200, "the feed")

    def test_that_is_slow(self):
        """A table that is locked: its questions are given up in time, the rest goes on."""
        page = self.page_of(PUBLIC)
        reader, _ = self.reader()
        url = self.stack.settings["PG_URL"].rpartition("/")[0] + "/rostrum_comment"
        with subprocess.Popen(["psql", "-X", "-q", "-c",
                               "BEGIN; LOCK TABLE comments; SELECT pg_sleep(300)", url],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as lock:
            try:
                held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
                self.eventually(lambda: self.world.value("COMMENT", held) != "0", "the lock")
                self.assert_article_without_discussion(reader, page)
                self.assertIn(self.write(reader, uuid.uuid4().hex, "slow").status, (503, 504))
                self.assertTrue(self.health("comment"))
            finally:
                lock.terminate()
                psql(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                          " WHERE query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()")
        self.eventually(lambda: self.write(reader, uuid.uuid4().hex, "quick").status == 200, "commenting")


class Replicas(Row):
    options = ("--replicas", "2")

    def test_reads_do_not_notice_a_killed_one(self):
        reader, _ = self.reader()
        page = self.page_of(PUBLIC)
        for name in ("content", "subscription", "account", "comment", "feed"):
            for replica in (name, f"{name}-2"):
                with self.subTest(replica):
                    self.assertEqual(self.stack.child("kill", replica, "KILL").returncode, 0)
                    for _ in range(10):
                        self.get(self.visitor(), f"/v1/posts/{self.world.posts[METERED][0]}")
                        self.assertIn(b'class="discussion"', self.get(self.visitor(), page).body)
                        self.get(reader, "/v1/feed")
                        self.get(reader, "/v1/account")
                    key, text = uuid.uuid4().hex, f"at once {uuid.uuid4().hex}"
                    self.assertEqual(self.write(self.reader()[0], key, text).status, 200)
                    self.assertEqual(self.world.count("COMMENT", f"comments WHERE body = '{text}'"), 1)
                    self.faults.start(replica)
                    # Who lost it tries again within a second; until then the other is the only one.
                    time.sleep(3)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    Row.build = sys.argv.pop(1)
    unittest.main(verbosity=2)
