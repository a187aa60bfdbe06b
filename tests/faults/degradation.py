"""What keeps working (RESILIENCE.md), row by row: each dependency is taken away from
a running stack, what readers then see is looked at over HTTP, and that all is well
when it is back.

usage: degradation.py BUILD [unittest arguments]
"""

import contextlib
import pathlib
import sys
import time
import unittest
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e")]

# Classes of rows are tests here, wherever they stand. (The path is known only now.)
from articles_away import ArticlesAway, OneContentHangs  # noqa: E402, F401
from databases import Databases, Server  # noqa: E402, F401
from history import Client  # noqa: E402
from local_stack import wait_until  # noqa: E402
from row import HEARD, METERED, PREMIUM, PUBLIC, SETTLED, WAYS, Row  # noqa: E402
from world import PASSWORD, ok  # noqa: E402


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
            wait_until(lambda: self.reason(client, METERED, 6) == "ACCESS_REASON_METER_UNAVAILABLE",
                       "the meter lets in")
            self.assertEqual(self.access(client, METERED, 7)["reason"], "ACCESS_REASON_METER_UNAVAILABLE")
            self.assertFalse(self.access(client, PREMIUM)["granted"])
            self.assert_wall(offer=False)
            self.assertEqual(self.access(self.member, PREMIUM)["reason"], "ACCESS_REASON_TRIAL")
            for _ in range(7):
                self.get(self.visitor(), f"/v1/posts/{post}")
            self.assert_readers_go_on(reader, person)
            # The trial's end comes from PostgreSQL.
            trial = self.get(self.member, "/v1/trial").json
            self.assertTrue(trial["active"])
            account = self.get(self.member, "/account").body.decode()
            self.assertIn(f'data-expire="{trial["endTime"][:16]}', account)
            self.assert_limited(reader)
        wait_until(lambda: self.reason(self.visitor(), METERED) == "ACCESS_REASON_METER",
                   "the meter measures again")
        wait_until(lambda: self.reason(client, METERED, 8) == "ACCESS_REASON_METER_ENDED",
                   "it knows what was read")
        # Views were kept in memory, and each is counted once.
        wait_until(lambda: int(self.world.value("CONTENT", counted)) >= before + 7, "views catch up")
        time.sleep(2)  # were one counted twice, it would be settled by now
        self.assertEqual(int(self.world.value("CONTENT", counted)), before + 7)

    def assert_readers_go_on(self, reader, person):
        """They log in, comment, sign up, verify that, and START a trial, with an account too."""
        ok(self.visitor().post("/v1/sessions", {"email": person["email"], "password": PASSWORD}))
        self.assertEqual(self.write(reader, uuid.uuid4().hex, "without Redis").status, 200)
        signed_up, _ = self.trial_reader()
        starter = self.visitor()
        self.access(starter, PREMIUM)  # begins an offer, where that can be
        self.log_in(starter, self.world.person(f"starter{uuid.uuid4().hex[:8]}")["email"])
        ok(starter.send("POST", "/v1/account:startTrial", {}))
        for client in (signed_up, starter):
            client.member = "yes"
            wait_until(lambda client=client: self.reason(client, PREMIUM) == "ACCESS_REASON_TRIAL",
                       "the trial")

    def assert_limited(self, reader):
        """Limits are kept, by each process if need be."""
        answers = [self.write(reader, uuid.uuid4().hex, f"too much {n}") for n in range(12)]
        limited = [a for a in answers if a.status == 429]
        self.assertTrue(limited, [a.status for a in answers])
        self.assertTrue(limited[0].headers["Retry-After"])

    def test_one_redis(self):
        """What the other one keeps is as it was."""
        self.assert_wall(offer=True)
        for name, meter, offer in (("redis-state", "ACCESS_REASON_METER_UNAVAILABLE", False),
                                   ("redis-cache", "ACCESS_REASON_METER_ENDED", True)):
            for way in WAYS:
                client = self.exhausted()
                reader, person = self.reader()
                with self.subTest(f"{name} {way}"), self.away(way, name):
                    wait_until(lambda: self.reason(client, METERED, 6) == meter, "the meter")
                    self.assertEqual(self.access(client, METERED, 7)["reason"], meter)
                    self.assert_wall(offer)
                    self.assert_readers_go_on(reader, person)
                    self.assert_limited(reader)
                wait_until(lambda: self.reason(client, METERED, 8) == "ACCESS_REASON_METER_ENDED",
                           "the meter measures again")

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
            self.assertEqual(answer.status, 503, answer)
        wait_until(lambda: unknown.send("GET", "/v1/account").status == 200, "sessions are known again")
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
            # Many who wait for it keep nobody from what needs it not.
            metered, public = (f"/v1/posts/{self.world.posts[level][0]}" for level in (METERED, PUBLIC))
            crowd = self.crowd((self.visitor(), "GET", path) for path in 50 * (6 * [metered] + [public]))
            self.assert_answers(crowd, (200,), f"posts while subscription is {way}")
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
        wait_until(lambda: self.reason(stranger, PREMIUM) == "ACCESS_REASON_PREMIUM", "the wall")
        wait_until(lambda: self.reason(self.visitor(), METERED) == "ACCESS_REASON_METER", "the meter")

    def test_content(self):
        for way in WAYS:
            with self.subTest(way):
                self.content(way)

    def content(self, way):
        page, premium = self.page_of(PUBLIC), self.page_of(PREMIUM)
        reader, person = self.reader()
        time.sleep(SETTLED)
        for path in (page, premium):
            self.get(self.visitor(), path)
        time.sleep(HEARD)
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
        wait_until(lambda: self.visitor().send("GET", premium).status == 200, "articles")
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
        wait_until(lambda: reader.send("PUT", follow).status == 200, "following")
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
        wait_until(lambda: self.write(reader, key, text).status == 200, "commenting")
        self.assertEqual(self.write(reader, key, text).status, 200)
        self.assertEqual(self.world.count("COMMENT", f"comments WHERE body = '{text}'"), 1)

    def test_mail_relay(self):
        for way in WAYS:
            with self.subTest(way):
                self.mail_relay(way)

    def mail_relay(self, way):
        addresses = [f"mail.{uuid.uuid4().hex}@mail.example" for _ in range(8)]
        clients = [self.visitor() for _ in addresses]
        for client in clients:
            client.send("GET", f"/v1/posts/{self.world.posts[PREMIUM][0]}")
        of_them = "', '".join(addresses)
        waiting = f"mails WHERE finish_time IS NULL AND recipient IN ('{of_them}')"
        with self.away(way, "mail"):
            # More than there are threads that send mails: none of them is waited for.
            crowd = self.crowd((client, "POST", "/v1/signUps", {
                "displayName": "Patient", "email": address, "password": PASSWORD,
                "intent": "SIGN_UP_INTENT_TRIAL"}) for client, address in zip(clients, addresses))
            self.assert_answers(crowd, (200,), f"sign-ups, mail {way}")
            wait_until(lambda: self.world.count("ACCOUNT", f"{waiting} AND attempts > 0") >= 1,
                       "the mail waits", 120)
            self.assertEqual(self.world.count("ACCOUNT", waiting), len(addresses))
        for address in addresses:
            mails = wait_until(lambda address=address: self.world.mails.to(address), "the mail comes", 240)
            # A relay that hung may have taken a mail twice, as the same mail.
            self.assertEqual(len({message_id for message_id, _ in mails}), 1)


class Replicas(Row):
    options = ("--replicas", "2")

    def test_reads_do_not_notice_a_killed_one(self):
        reader, _ = self.reader()
        page = self.page_of(PUBLIC)
        for name in ("content", "subscription", "account", "comment", "feed"):
            for replica in (name, f"{name}-2"):
                with self.subTest(replica), self.killed_while_it_is_asked(replica, reader, page):
                    for _ in range(10):
                        self.get(self.visitor(), f"/v1/posts/{self.world.posts[METERED][0]}")
                        self.assertIn(b'class="discussion"', self.get(self.visitor(), page).body)
                        self.get(reader, "/v1/feed")
                        self.get(reader, "/v1/account")
                    key, text = uuid.uuid4().hex, f"at once {uuid.uuid4().hex}"
                    self.assertEqual(self.write(self.reader()[0], key, text).status, 200)
                    self.assertEqual(self.world.count("COMMENT", f"comments WHERE body = '{text}'"), 1)
                # Who lost it tries again within a second; until then the other is the only one.
                time.sleep(3)

    @contextlib.contextmanager
    def killed_while_it_is_asked(self, replica, reader, page):
        """It is stopped for a moment, so that what it is asked is in flight when it is killed."""
        wanted = [(self.visitor(), f"/v1/posts/{self.world.posts[METERED][0]}"), (self.visitor(), page),
                  (reader, "/v1/feed"), (reader, "/v1/account"), (self.member, "/v1/trial")]
        with self.faults.frozen(replica):
            crowd = self.crowd((client, "GET", path) for client, path in wanted * 6)
            time.sleep(0.3)
            with self.killed(replica):
                self.assert_answers(crowd, (200,), f"reads in flight when {replica} is killed")
                yield

    def test_what_one_hangs_at_is_asked_of_the_other(self):
        """Of many at once few come to the one that hangs again and again, and in some ten seconds
        (its connections are asked for a sign of life) nobody is sent to it any more."""
        post = f"/v1/posts/{self.world.posts[PUBLIC][0]}"
        page = self.page_of(PUBLIC)
        for name in ("content", "subscription", "account", "comment", "feed"):
            readers = [self.reader()[0] for _ in range(5)]  # whom the gateway does not know yet
            texts = [f"at the other {uuid.uuid4().hex}" for _ in readers]
            with self.subTest(name), self.away("hanging", f"{name}-2"):
                wanted = [(self.visitor(), post), (self.visitor(), page)]
                wanted += [(each, path) for each in readers for path in ("/v1/feed", "/v1/account")]
                crowd = self.crowd((client, "GET", path) for client, path in wanted for _ in range(4))
                writers = self.crowd((each, "POST", f"{post}/comments", {"body": text},
                                      {"Idempotency-Key": uuid.uuid4().hex})
                                     for each, text in zip(readers, texts))
                self.assert_answers(crowd, (200, 503, 504), f"while {name}-2 hangs")
                answered = [answer.status for answer in crowd.answers()].count(200)
                self.assertGreaterEqual(answered, 0.9 * len(crowd.answers()))
                self.assert_answers(writers, (200, 503, 504), f"comments while {name}-2 hangs")
                begun = time.monotonic()
                wait_until(lambda: self.at_once(readers[0], page), "nobody is sent to it any more")
                print(f"   {name}-2 was left out after {time.monotonic() - begun:.0f} s", flush=True)
            time.sleep(3)  # what the one that goes on had begun is over by now
            for answer, text in zip(writers.answers(), texts):
                there = self.world.count("COMMENT", f"comments WHERE body = '{text}'")
                self.assertIn(there, (1,) if answer.status == 200 else (0, 1), text)

    def at_once(self, reader, page):
        """Whether nothing that readers ask waits for one that hangs: no first try is shorter."""
        for path in (f"/v1/posts/{self.world.posts[METERED][0]}", "/v1/feed", "/v1/account", page):
            for _ in range(4):
                begun = time.monotonic()
                answer = reader.send("GET", path)
                if answer is None or answer.status != 200 or time.monotonic() - begun > 0.9:
                    return False
        return True

    def test_one_gateway(self):
        for way in ("killed", "hanging"):
            with self.subTest(way):
                self.one_gateway(way)

    def one_gateway(self, way):
        """What one gateway began goes on at the other: nothing that lasts is in their memory."""
        first, second = self.world.gateways
        here, there = (Client(url, self.history, "visitor") for url in (first, second))
        person = self.world.readers[0]
        ok(here.post("/v1/sessions", {"email": person["email"], "password": PASSWORD}))
        visitor = self.exhausted()
        key, text = uuid.uuid4().hex, f"at the other {uuid.uuid4().hex}"
        self.assertEqual(self.write(here, key, text).status, 200)
        for name, gone, client in (("gateway", first, there), ("gateway-2", second, here)):
            with self.subTest(name), self.away(way, name):
                lost = Client(gone, self.history, "visitor")
                lost.cookies.update(here.cookies)
                again, typed = uuid.uuid4().hex, f"typed once {uuid.uuid4().hex}"
                comments = f"/v1/posts/{self.world.posts[PUBLIC][0]}/comments"
                sent = self.crowd([(lost, "POST", comments, {"body": typed}, {"Idempotency-Key": again})])
                client.cookies.update(here.cookies)
                for _ in range(10):
                    self.get(client, "/v1/account")
                    self.get(client, "/")
                    self.assertTrue(self.access(client, PUBLIC)["granted"])
                # The same request, asked again at the other one, is no other comment.
                self.assertEqual(self.write(client, key, text).status, 200)
                self.assertEqual(self.write(client, again, typed).status, 200)
                visitor.url = client.url
                wait_until(lambda: self.reason(visitor, METERED, 6) == "ACCESS_REASON_METER_ENDED",
                           "the meter is the same here")
                probe = Client(gone, self.history, "visitor")
                probe.timeout = 1
                self.assertIsNone(probe.send("GET", "/readyz"))
            self.get(Client(gone, self.history, "visitor"), "/readyz")
            # One that goes on does what it was sent, which was done already.
            if way == "hanging":
                self.assert_answers(sent, (200,), f"comments sent to {name}")
            self.assertEqual(self.world.count("COMMENT", f"comments WHERE body = '{typed}'"), 1)
        self.assertEqual(self.world.count("COMMENT", f"comments WHERE body = '{text}'"), 1)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    Row.build = sys.argv.pop(1)
    unittest.main(verbosity=2)
