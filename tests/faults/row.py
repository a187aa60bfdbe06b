"""What the rows of the degradation table have in common."""

import collections
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import uuid

from client import code_in
from crowd import PATIENCE, Crowd
from history import Client, History
from local_stack import Stack, psql, wait_until
from schedule import Faults
from world import PASSWORD, World, ok

HERE = pathlib.Path(__file__).resolve().parent
# Taken away in both ways in which things go: it is not there, or it does not answer.
WAYS = ("stopped", "hanging")
# What is read sooner after it was published, or after content was there again, is not
# shown while content is away: it might be what stood before.
SETTLED = 5
# Nor is what was read at the very end, if the gateway does not know that nothing had
# changed until then: on a busy machine it hears of that late.
HEARD = 3
PUBLIC, METERED, PREMIUM = "ACCESS_LEVEL_PUBLIC", "ACCESS_LEVEL_METERED", "ACCESS_LEVEL_PREMIUM"


class Row(unittest.TestCase):
    """A stack with a publication; one for each class of rows."""

    build = ""
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="rostrum-degradation."))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.chmod(cls.folder, 0o755)
        cls.history = History(cls.folder / "history.jsonl")
        cls.addClassCleanup(cls.history.file.close)
        cls.stack = Stack(cls.build, cls.folder, "--restartable", "--env-file", HERE / "faults.env",
                          *cls.options)
        cls.addClassCleanup(cls.stack.output.close)
        cls.addClassCleanup(cls.stack.end)
        with cls.stack.kept_if_it_fails(cls.__name__, cls.history.path):
            cls.stack.wait_ready()
            cls.prepare()

    @classmethod
    def prepare(cls):
        """In the stack that stands now."""
        cls.world = World(cls.stack.settings, cls.history)
        cls.faults = Faults(cls.stack, cls.history)
        cls.member, cls.member_email = cls.trial_reader()
        cls.next_reader = 0

    def run(self, result=None):
        before = len(result.failures + result.errors)
        super().run(result)
        if len(result.failures + result.errors) > before:
            self.stack.keep(type(self).__name__, self.history.path)
        return result

    def tearDown(self):
        # Among others: 500, 503 without Retry-After, 404 for what exists, premium text.
        wrong, self.history.wrong = self.history.wrong, []
        self.assertEqual(wrong + self.stack.wrong_ends(), [])

    @classmethod
    def trial_reader(cls):
        """A reader in a trial, whom content knows to be entitled."""
        client = Client(cls.world.url, cls.history, "member", "yes")
        client.send("GET", f"/v1/posts/{cls.world.posts[PREMIUM][0]}")
        address = f"trial.{uuid.uuid4().hex[:8]}@mail.example"
        begun = ok(client.post("/v1/signUps", {"displayName": "Trial", "email": address,
                                               "password": PASSWORD,
                                               "intent": "SIGN_UP_INTENT_TRIAL"}))
        mails = wait_until(lambda: cls.world.mails.to(address), "the mail", 60)
        ok(client.post("/v1/signUps:verify", {"signUpId": begun["signUpId"],
                                              "code": code_in(mails[0][1])}))
        wait_until(lambda: cls.world.count("CONTENT", "entitlements") >= 1, "content knows", 60)
        return client, address

    def known_member(self):
        """The same reader in a new session, which the gateway knows for the next minute."""
        client = Client(self.world.url, self.history, "member", "yes")
        self.log_in(client, self.member_email)
        self.get(client, "/v1/trial")
        return client

    def reader(self):
        """A person with a session, another one each time."""
        person = self.world.readers[self.next_reader % len(self.world.readers)]
        type(self).next_reader += 1
        client = self.visitor()
        self.log_in(client, person["email"])
        return client, person

    def log_in(self, client, email):
        """From the client's own network: each has a limit."""
        ok(client.send("POST", "/v1/sessions", {"email": email, "password": PASSWORD}))

    def visitor(self):
        return Client(self.world.url, self.history, "visitor")

    def readers(self):
        """All persons, each in a session that the gateway knows for the next minute."""
        readers = [self.reader()[0] for _ in self.world.readers]
        for reader in readers:
            self.get(reader, "/v1/account")
        return readers

    def crowd(self, asks):
        """(client, method, path, body) each, all at once."""
        def ask(client, method, path, body=None, headers=None):
            client.timeout = 2 * PATIENCE
            return lambda: client.send(method, path, body, headers)
        return Crowd([ask(*of_one) for of_one in asks])

    def assert_wall(self, offer):
        """What a visitor without an account has instead of a premium post."""
        visitor, page = self.visitor(), self.page_of(PREMIUM)
        # A busy machine may be late to ask Redis.
        wait_until(lambda: (self.access(visitor, PREMIUM).get("offer") is not None) == offer, "the offer")
        html = self.get(visitor, page).body.decode()
        self.assertIn('class="wall"', html)
        self.assertEqual("data-countdown-start" in html, offer)

    def assert_answers(self, crowd, statuses, what):
        """Everybody gets one of these, and nobody is forgotten."""
        answers = crowd.answers()
        got = collections.Counter(answer and answer.status for answer in answers)
        print(f"   {what}: {dict(got)}, the last after {crowd.slowest():.1f} s", flush=True)
        others = [str(a)[:300] for a in answers if a is None or a.status not in statuses]
        self.assertFalse(others, f"{what}: {dict(got)}")

    def health(self, service):
        target = self.stack.settings[f"{service.upper()}_TARGET"]
        return subprocess.run([pathlib.Path(self.build) / "deploy" / "rostrum-health", target, "1"],
                              capture_output=True, check=False).returncode == 0

    @classmethod
    def restart_with(cls, name, settings):
        """With settings of its own: the stack reads those that are given to all at each start."""
        given = cls.stack.state / "extra.env"
        before = given.read_text()
        given.write_text(before + "".join(f"{key}={value}\n" for key, value in settings.items()))
        done = cls.stack.child("restart", name)
        given.write_text(before)
        assert done.returncode == 0, done.stderr

    def away(self, way, *names):
        """For a `with`: these are stopped or killed, or hang."""
        ways = {"stopped": self.stopped, "killed": self.killed, "hanging": self.faults.frozen}
        return ways[way](*names)

    @contextlib.contextmanager
    def stopped(self, *names):
        try:
            for name in names:
                stopped = self.stack.child("stop", name)
                self.assertEqual(stopped.returncode, 0, stopped.stderr)
            yield
        finally:
            for name in names:
                self.faults.start(name)

    @contextlib.contextmanager
    def killed(self, name):
        self.stack.kill(name)
        try:
            yield
        finally:
            self.faults.start(name)

    @contextlib.contextmanager
    def transaction(self, service, sql):
        """One in the database of a service that has done `sql` and does not end."""
        whose = "FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)' AND pid <> pg_backend_pid()"
        url = self.stack.settings["PG_URL"].rpartition("/")[0] + f"/rostrum_{service}"
        with subprocess.Popen(["psql", "-X", "-q", "-c", f"BEGIN; {sql}; SELECT pg_sleep(300)", url],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as session:
            try:
                wait_until(lambda: psql(url, f"SELECT count(*) {whose} AND wait_event = 'PgSleep'")
                           .stdout.strip() == "1", "the transaction")
                yield
            finally:
                session.terminate()
                psql(url, f"SELECT pg_terminate_backend(pid) {whose}")

    def get(self, client, path, status=200, **headers):
        answer = client.send("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        self.assertIsNotNone(answer, path)
        self.assertEqual(answer.status, status, f"{path}: {answer}")
        return answer

    def access(self, client, level, number=0):
        return self.get(client, f"/v1/posts/{self.world.posts[level][number]}").json["access"]

    def page_of(self, level):
        """The path of an article's page."""
        answer = self.get(self.visitor(), f"/p/{self.world.posts[level][0]}", 303)
        return answer.headers["Location"]

    def assert_public_text(self, page):
        """The article of a public post, whole, as a visitor has it."""
        html = self.get(self.visitor(), page).body.decode()
        self.assertIn("The protected sentence", html)

    def assert_article_without_discussion(self, reader, page):
        """As a reader with an account has it. (Visitors may have the comments that
        were there a moment ago.)"""
        html = self.get(reader, page).body.decode()
        self.assertIn("The discussion cannot be shown at this moment", html)
        self.assert_public_text(page)

    def form(self, client, path, text):
        return client.request("POST", path, raw=text.encode(), headers={
            "Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": client.address})

    def reason(self, client, level, number=0):
        """Why a post opens or not; None while that is not answered."""
        answer = client.send("GET", f"/v1/posts/{self.world.posts[level][number]}")
        return answer.json["access"]["reason"] if answer is not None and answer.status == 200 else None

    def exhausted(self):
        """A visitor whose free reads are over."""
        def one():
            client = self.visitor()
            reasons = [self.access(client, METERED, number)["reason"] for number in (0, 1, 2, 3, 4, 6)]
            # A busy machine may have stopped the meter's Redis for a moment.
            if "ACCESS_REASON_METER_UNAVAILABLE" in reasons:
                return None
            self.assertEqual(reasons[-1], "ACCESS_REASON_METER_ENDED")
            return client
        return wait_until(one, "the free reads are over")

    def write(self, client, key, text, post=None):
        path = f"/v1/posts/{post or self.world.posts[PUBLIC][0]}/comments"
        return client.send("POST", path, {"body": text}, {"Idempotency-Key": key})
