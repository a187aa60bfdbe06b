"""A drill of deploy/local/backup and restore: what was there at the backup is there
after everything was destroyed, and services agree again with one that went back.

usage: backup_test.py BUILD
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "e2e"), str(TESTS / "faults")]

from client import Browser, code_in  # noqa: E402  (the path is known only now)
from history import History  # noqa: E402
from local_stack import LOCAL, Stack, wait_until  # noqa: E402
from world import PASSWORD, World, new_marker, ok  # noqa: E402


class Drill:
    def __init__(self, build, folder):
        self.build = build
        self.folder = folder
        self.stack = None
        self.world = None

    def start(self):
        self.stack = Stack(self.build, self.folder, "--env-file", TESTS / "faults" / "faults.env",
                           ephemeral=False)
        settings = self.stack.wait_ready().settings
        if self.world is not None:
            self.world.settings = settings
            self.world.url = settings["ROSTRUM_URL"]

    def stop(self, number=signal.SIGTERM):
        self.stack.end(number)
        self.stack.output.close()

    def run(self, name, *arguments):
        return subprocess.run([LOCAL / name, *arguments], capture_output=True, text=True, check=False)

    def restore(self, *options):
        done = self.run("restore", self.folder / "backup", "--state", self.stack.state, "--build",
                        self.build, *options)
        assert done.returncode == 0, done.stderr
        return done

    def browser(self, cookies=None):
        browser = Browser(self.world.url)
        browser.cookies = dict(cookies or {})
        return browser

    def comment(self, browser, text):
        post = self.world.posts["ACCESS_LEVEL_PUBLIC"][0]
        ok(browser.post(f"/v1/posts/{post}/comments", {"body": text}))

    def comments(self):
        post = self.world.posts["ACCESS_LEVEL_PUBLIC"][0]
        found = self.browser().pages(f"/v1/posts/{post}/comments", "comments", flat="true")
        return {c["author"]["displayName"] + ": " + c["body"] for c in found}

    def sign_up(self, address):
        """Signs up for a trial; the outcome and the browser."""
        browser = self.browser()
        browser.get(f"/v1/posts/{self.world.posts['ACCESS_LEVEL_PREMIUM'][0]}")
        begun = ok(browser.post("/v1/signUps", {
            "displayName": "Trial", "email": address, "password": PASSWORD,
            "intent": "SIGN_UP_INTENT_TRIAL"}))
        mails = wait_until(lambda: self.world.mails.to(address), "the mail", 60)
        done = ok(browser.post("/v1/signUps:verify", {"signUpId": begun["signUpId"],
                                                      "code": code_in(mails[-1][1])}))
        return done["trialOutcome"], browser

    def publish(self, title):
        author = self.world.log_in(self.world.author)
        made = ok(author.post("/v1/manuscripts", {
            **self.world.manuscript("ACCESS_LEVEL_PUBLIC", new_marker()), "title": title}))
        ok(author.post(f"/v1/manuscripts/{made['postId']}:publish"))
        return made["postId"]

    def rename(self, cookies, name):
        ok(self.browser(cookies).request("PATCH", "/v1/account", {"displayName": name}))

    def feed_titles(self, cookies):
        items = self.browser(cookies).pages("/v1/feed", "items", pageSize=50)
        return {item["post"]["title"] for item in items}

    def all(self):
        self.start()
        self.world = World(self.stack.settings, History(self.folder / "history.jsonl"))
        reader = self.world.log_in(self.world.readers[0])
        self.step("What is there at the backup")
        self.comment(reader, "before")
        self.rename(reader.cookies, "Ada")
        channel = f"/v1/follows/FOLLOW_KIND_CHANNEL/{self.world.channels[0]}"
        ok(reader.request("PUT", channel))
        run = uuid.uuid4().hex[:8]
        outcome, member = self.sign_up(f"t{run}+1@mail.example")
        assert outcome == "TRIAL_OUTCOME_STARTED", outcome
        self.publish("Before the backup")
        wait_until(lambda: "Before the backup" in self.feed_titles(reader.cookies), "the feed", 60)
        wait_until(lambda: self.comments() == {"Ada: before"}, "the name", 60)
        epochs = self.epochs()
        self.two_backups()
        assert "exists" in self.run("backup", "--state", self.stack.state, self.folder / "backup").stderr

        self.step("What comes after it, then the end of everything")
        self.comment(reader, "after")
        self.rename(reader.cookies, "Grace")
        self.publish("After the backup")
        self.stop(signal.SIGKILL)
        state = self.stack.state
        wait_until(lambda: not (state / "stack.env").exists() or not self.lives(), "the end", 60)
        self.destroy(state)

        self.step("A damaged backup is refused, a whole one is restored")
        self.refuse_damage()
        self.restore("--tls")
        self.start()
        assert not set(self.epochs()) & set(epochs), "the epochs are the same"
        assert self.comments() == {"Ada: before"}, self.comments()
        self.check_readers(reader.cookies, member.cookies)
        assert self.feed_titles(reader.cookies) >= {"Before the backup"}
        assert "After the backup" not in self.feed_titles(reader.cookies)
        assert self.sign_up(f"t{run}+2@mail.example")[0] == "TRIAL_OUTCOME_USED", "a second trial"
        self.publish("After the restore")
        wait_until(lambda: "After the restore" in self.feed_titles(reader.cookies), "events go on", 60)
        self.comment(self.world.log_in(self.world.readers[1]), "again")

        self.step("One database alone goes back: the others agree with it")
        self.rename(reader.cookies, "Grace")
        wait_until(lambda: "Grace: before" in self.comments(), "the new name", 60)
        self.stop()
        done = self.run("restore", self.folder / "backup", "--state", state, "--build", self.build)
        assert done.returncode == 1 and "--fresh forgets it" in done.stderr, done.stderr
        done = self.run("restore", self.folder / "backup", "--state", state, "--build", self.build,
                        "--only", "content", "--fresh")
        assert done.returncode == 1 and "the others stay" in done.stderr, done.stderr
        done = self.run("up", "--ephemeral", "--state", state, "--build", self.build)
        assert done.returncode == 1 and "a lasting stack" in done.stderr, done.stderr
        self.restore("--only", "account", "--only", "content")
        self.start()
        wait_until(lambda: "After the restore" not in self.feed_titles(reader.cookies),
                   "the feed forgets what is no longer published", 60)
        assert "Before the backup" in self.feed_titles(reader.cookies)
        wait_until(lambda: "Ada: before" in self.comments(), "the name that account knows", 60)
        self.check_readers(reader.cookies, member.cookies)
        self.publish("After both")
        wait_until(lambda: "After both" in self.feed_titles(reader.cookies), "events go on", 60)
        self.stop()

        self.step("Subscription alone: what it had not heard of comes back")
        self.start()
        late = self.sign_up(f"l{run}@mail.example")[1]
        self.stop()
        self.restore("--only", "subscription")
        self.start()
        premium = self.world.posts["ACCESS_LEVEL_PREMIUM"][0]
        wait_until(lambda: ok(self.browser(late.cookies).get(f"/v1/posts/{premium}"))["access"]["granted"],
                   "the trial that began after the backup", 60)
        self.check_readers(reader.cookies, member.cookies)
        self.stop()
        print("The drill went well.")

    def check_readers(self, reader, member):
        """Sessions hold, passwords are known, trials run, premium stays closed to others."""
        premium = self.world.posts["ACCESS_LEVEL_PREMIUM"][0]
        ok(self.browser(reader).get("/v1/account"))
        self.world.log_in(self.world.readers[0])
        wait_until(lambda: ok(self.browser(member).get(f"/v1/posts/{premium}"))["access"]["granted"],
                   "the trial", 60)
        assert not ok(self.browser().get(f"/v1/posts/{premium}"))["access"]["granted"]

    def two_backups(self):
        """At once, to one place: one of them is made, and it is whole. Nobody sees the password."""
        password = self.stack.settings["PG_URL"].split(":")[2].split("@")[0]
        both = [subprocess.Popen([LOCAL / "backup", "--state", self.stack.state, self.folder / "backup"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                for _ in range(2)]
        seen = b""
        while any(each.poll() is None for each in both):
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen += path.read_bytes()
        said = [each.communicate()[0] for each in both]
        assert sorted(each.returncode for each in both) == [0, 1], said
        assert b"pg_dump" in seen and password.encode() not in seen
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=self.folder / "backup", check=True)
        assert not list(self.folder.glob("backup.incomplete*"))

    def epochs(self):
        return [self.world.value(s, "SELECT epoch FROM outbox_epoch")
                for s in ("ACCOUNT", "SUBSCRIPTION", "CONTENT", "FEED", "COMMENT")]

    def lives(self):
        """Whether a process of the stack holds its lock."""
        done = subprocess.run(["flock", "-n", self.stack.state / "lock", "true"], check=False)
        return done.returncode != 0

    def destroy(self, state):
        # As root the databases may be in a folder that user postgres can reach.
        logins = self.stack.settings["ROSTRUM_LOGINS"]
        shutil.rmtree(pathlib.Path(logins).parent, ignore_errors=True)
        shutil.rmtree(state)

    def refuse_damage(self):
        dump = self.folder / "backup" / "content.dump"
        whole = dump.read_bytes()
        dump.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        done = self.run("restore", self.folder / "backup", "--state", self.stack.state)
        assert done.returncode == 1 and "damaged" in done.stderr, done.stderr
        assert not self.stack.state.exists(), "a refused restore has begun"
        dump.write_bytes(whole)

    def step(self, text):
        print(f"== {text}", flush=True)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rostrum-backup."))
    os.chmod(folder, 0o755)
    drill = Drill(sys.argv[1], folder)
    try:
        drill.all()
    finally:
        if drill.stack is not None and drill.stack.process.poll() is None:
            print(drill.stack.read_output())
            drill.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main())
