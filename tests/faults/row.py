"""What the rows of the degradation table have in common."""

import contextlib
import os
import pathlib
import shutil
import signal
import tempfile
import unittest
import uuid

from client import code_in, wait_until
from history import Client, History
from local_stack import Stack
from schedule import Faults, signal_all
from world import PASSWORD, World, ok

HERE = pathlib.Path(__file__).resolve().parent
PUBLIC, METERED, PREMIUM = "ACCESS_LEVEL_PUBLIC", "ACCESS_LEVEL_METERED", "ACCESS_LEVEL_PREMIUM"


class Row(unittest.TestCase):
    """A stack with a publication; one for each class of rows."""

    build = ""
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="rostrum-degradation."))
        os.chmod(cls.folder, 0o755)
        cls.history = History(cls.folder / "history.jsonl")
        cls.stack = Stack(cls.build, cls.folder, "--restartable", "--env-file", HERE / "faults.env",
                          *cls.options)
        cls.addClassCleanup(cls.end)
        cls.stack.wait_ready()
        cls.world = World(cls.stack.settings, cls.history)
        cls.faults = Faults(cls.stack, cls.history)
        cls.member, cls.member_email = cls.trial_reader()
        cls.next_reader = 0

    @classmethod
    def end(cls):
        cls.stack.end()
        cls.stack.output.close()
        cls.history.file.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def tearDown(self):
        # Among others: 500, 503 without Retry-After, 404 for what exists, premium text.
        self.assertEqual(self.history.wrong, [])

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
        ok(client.post("/v1/sessions", {"email": self.member_email, "password": PASSWORD}))
        self.get(client, "/v1/trial")
        return client

    def reader(self):
        """A person with a session, another one each time."""
        person = self.world.readers[self.next_reader % len(self.world.readers)]
        type(self).next_reader += 1
        client = self.visitor()
        ok(client.post("/v1/sessions", {"email": person["email"], "password": PASSWORD}))
        return client, person

    def visitor(self):
        return Client(self.world.url, self.history, "visitor")

    @contextlib.contextmanager
    def away(self, way, *names):
        pids = [pid for name in names for pid in self.faults.pids(name)]
        if way == "stopped":
            for name in names:
                self.assertEqual(self.stack.child("stop", name).returncode, 0)
        else:
            signal_all(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            if way == "stopped":
                for name in names:
                    self.faults.start(name)
            else:
                signal_all(pids, signal.SIGCONT)

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

    def eventually(self, condition, what, seconds=60):
        """Things come back in their own time; meanwhile there may be answers of any kind."""
        wait_until(condition, what, seconds)

    def reason(self, client, level, number=0):
        """Why a post opens or not; None while that is not answered."""
        answer = client.send("GET", f"/v1/posts/{self.world.posts[level][number]}")
        return answer.json["access"]["reason"] if answer is not None and answer.status == 200 else None

    def exhausted(self):
        """A visitor whose free reads are over."""
        client = self.visitor()
        for number in range(5):
            self.access(client, METERED, number)
        self.assertEqual(self.access(client, METERED, 6)["reason"], "ACCESS_REASON_METER_ENDED")
        return client

    def write(self, client, key, text, post=None):
        path = f"/v1/posts/{post or self.world.posts[PUBLIC][0]}/comments"
        return client.send("POST", path, {"body": text}, {"Idempotency-Key": key})
