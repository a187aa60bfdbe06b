"""Tests of deploy/local/up and child, on real processes.

usage: stack_test.py BUILD [unittest arguments]
"""

import os
import pathlib
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import local_stack  # noqa: E402  (the path is known only now)
from local_stack import LOCAL, SERVICES, processes_in, psql, wait_until  # noqa: E402
from redis_client import Redis  # noqa: E402

BUILD = ""


class StackTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rostrum-test.")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)

    def start(self, *options, ephemeral=True, folder="a", build=None):
        path = pathlib.Path(self.folder) / folder
        path.mkdir(exist_ok=True)
        stack = local_stack.Stack(build or BUILD, path, *options, ephemeral=ephemeral)
        self.addCleanup(self.finish, stack)
        return stack

    def finish(self, stack):
        """In good order, unless the test has ended it."""
        self.addCleanup(stack.output.close)
        if stack.process.poll() is None:
            stack.end()

    def assert_nothing_left(self, stack):
        wait_until(lambda: not processes_in(stack.sessions), "all processes end", 20)

    def get(self, url):
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status


class Running(StackTest):
    """What holds in one stack that runs."""

    def test_everything_is_reachable_and_separate(self):
        stack = self.start().wait_ready()
        settings = stack.settings
        self.assertEqual(self.get(settings["ROSTRUM_URL"] + "/readyz"), 200)

        for service in SERVICES:
            own = settings[f"PG_URL_{service.upper()}"]
            self.assertEqual(psql(own, "select 1").stdout, "1\n")
            for other in SERVICES:
                if other != service:
                    url = own.rpartition("/")[0] + f"/rostrum_{other}"
                    self.assertNotEqual(psql(url, "select 1").returncode, 0, url)
            roles = psql(
                own, "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = user"
            )
            self.assertEqual(roles.stdout, "f|f|f\n")
        # The connection rules are not all that keeps them apart.
        rights = psql(
            settings["PG_URL"],
            "select count(*) from pg_roles r, pg_database d where r.rolname like 'rostrum_%'"
            " and d.datname <> r.rolname and has_database_privilege(r.oid, d.oid, 'CONNECT')"
            " and d.datname <> 'template0'",
        )
        self.assertEqual(rights.stdout, "0\n")

        host, _, port = settings["SMTP_URL"].removeprefix("smtp://").partition(":")
        with smtplib.SMTP(host, int(port), timeout=10) as smtp:
            smtp.sendmail("a@rostrum.example", ["b@rostrum.example"], "Subject: one\r\n\r\ntext\r\n")
        self.assertEqual(len(os.listdir(os.path.join(settings["MAILDIR"], "new"))), 1)

        for name in ["stack.env", "secrets", "keys", "redis-state.conf"]:
            mode = (stack.state / name).stat().st_mode
            self.assertEqual(mode & 0o077, 0, name)

    def test_two_stacks_do_not_clash(self):
        first, second = self.start(folder="a"), self.start(folder="b")
        first.wait_ready()
        second.wait_ready()
        addresses = [
            {v for k, v in s.settings.items() if "URL" in k or "TARGET" in k}
            for s in (first, second)
        ]
        self.assertFalse(addresses[0] & addresses[1])

    def test_a_killed_child_can_be_started_again(self):
        stack = self.start("--restartable").wait_ready()
        before = stack.pid("content")
        stack.killed.add("content")
        self.assertEqual(stack.child("kill", "content", "KILL").returncode, 0)
        wait_until(lambda: stack.child("pid", "content").returncode == 1, "content is gone")
        started = stack.child("start", "content")
        self.assertEqual(started.returncode, 0, started.stderr)
        self.assertNotEqual(stack.pid("content"), before)

        before = stack.pid("postgres")
        restarted = stack.child("restart", "postgres")
        self.assertEqual(restarted.returncode, 0, restarted.stderr)
        self.assertNotEqual(stack.pid("postgres"), before)
        self.assertEqual(psql(stack.settings["PG_URL_FEED"], "select 1").stdout, "1\n")

        self.assertIn("no child", stack.child("start", "nobody").stderr)
        self.assertIn("runs already", stack.child("start", "mail").stderr)


class Ending(StackTest):
    """How a stack ends, and that nothing of it is left."""

    def test_signals_end_all_of_it(self):
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]:
            with self.subTest(number.name):
                stack = self.start(folder=number.name).wait_ready()
                status = stack.end(number)
                self.assertEqual(status, -9 if number == signal.SIGKILL else 0)
                self.assert_nothing_left(stack)
                wait_until(lambda s=stack: not s.state.exists(), "the folder goes", 20)

    def test_a_child_that_dies_ends_all_of_it(self):
        stack = self.start().wait_ready()
        os.kill(stack.pid("feed"), signal.SIGKILL)
        self.assertEqual(stack.process.wait(60), 1)
        self.assertIn("feed stopped unasked (ended by SIGKILL)", stack.read_output())
        self.assert_nothing_left(stack)
        self.assertFalse(stack.state.exists())

    def test_a_process_that_does_not_end_well_is_noticed(self):
        build = self.build_with_a_bad_end("feed", 23)
        stack = self.start("--restartable", build=build).wait_ready()
        for request in ("restart", "start", "stop"):
            done = stack.child(request, "feed")
            self.assertEqual(done.returncode, 0 if request == "start" else 1)
            self.assertEqual("feed did not end well" in done.stderr, request != "start")
        said = "up: feed did not end well (exit status 23); its log ends:"
        self.assertEqual(stack.wrong_ends(), [said, said])
        self.assertEqual(stack.child("stop", "comment").returncode, 0)
        with self.assertRaisesRegex(AssertionError, "up ended with 1"):
            stack.end()
        kept = re.search("the logs are kept in (.*)", stack.read_output())[1]
        self.assertIn('"msg":"stopped"', (pathlib.Path(kept) / "feed.log").read_text())
        self.assertFalse(stack.state.exists())

        command = self.start("--", "true", build=build)
        self.assertEqual(command.process.wait(300), 1, command.read_output())
        self.assertEqual(command.wrong_ends(), [said])

    def build_with_a_bad_end(self, service, status):
        """What was built, but this service ends with that status when it is asked to stop."""
        build = pathlib.Path(self.folder) / "build"
        (build / "services").mkdir(parents=True)
        for path in [*pathlib.Path(BUILD).iterdir(), *(pathlib.Path(BUILD) / "services").iterdir()]:
            link = build / path.relative_to(BUILD)
            if not link.exists() and path.name != "stack-logs":
                link.symlink_to(path.resolve())
        program = build / "services" / f"rostrum-{service}"
        real = program.resolve()
        program.unlink()
        program.write_text(
            "#!/bin/bash\n"
            f"trap 'kill $! && wait $!; exit {status}' TERM\n"
            f'{real} "$@" &\n'
            "wait $!\n"
        )
        program.chmod(0o755)
        return build

    def test_what_does_not_stop_is_noticed(self):
        stack = self.start("--restartable").wait_ready()
        redis = Redis(stack.settings["REDIS_CACHE_URL"])
        redis.send("EVAL", "while true do end", 0)
        with self.assertRaisesRegex(AssertionError, "(?s)with 1: .*redis-cache did not stop in time"):
            stack.end()
        self.assert_nothing_left(stack)

    def test_a_process_that_dies_while_another_goes_on_is_noticed(self):
        stack = self.start("--restartable", "--replicas", "2").wait_ready()
        stack.kill("content")
        wait_until(lambda: "up: content stopped" in stack.read_output(), "up says so")
        self.assertEqual(stack.wrong_ends(), [])
        os.kill(stack.pid("content-2"), signal.SIGKILL)
        wait_until(lambda: "up: content-2 stopped" in stack.read_output(), "up says so")
        with self.assertRaisesRegex(AssertionError, "content-2 stopped"):
            stack.end()
        self.assertEqual(stack.process.returncode, 0)

    def test_a_signal_during_the_start_ends_it(self):
        stack = self.start()
        first = stack.state / "pids" / "redis-state"
        wait_until(lambda: first.exists() and first.read_text().strip(), "a first child")
        stack.sessions = {stack.pid("redis-state")}
        self.assertEqual(stack.end(signal.SIGINT), 0)
        self.assert_nothing_left(stack)
        self.assertFalse(stack.state.exists())

    def test_a_command_runs_in_the_stack_and_gives_the_status(self):
        stack = self.start("--", "sh", "-c", 'curl -fsS "$ROSTRUM_URL/readyz" >/dev/null && exit 7')
        self.assertEqual(stack.process.wait(300), 7, stack.read_output())
        self.assertFalse(stack.state.exists())


class Lasting(StackTest):
    """A stack whose data stays."""

    def test_data_stays_until_told_otherwise(self):
        stack = self.start(ephemeral=False).wait_ready()
        second = self.start(ephemeral=False, folder="a")
        self.assertEqual(second.process.wait(60), 1)
        self.assertIn("a stack is running", stack.read_output())
        sql = "create table kept as select 1 as one"
        self.assertEqual(psql(stack.settings["PG_URL_FEED"], sql).returncode, 0)
        secret = stack.settings["PAYMENT_WEBHOOK_SECRET"]
        stack.end()
        self.assert_nothing_left(stack)

        stack = self.start(ephemeral=False).wait_ready()
        self.assertEqual(psql(stack.settings["PG_URL_FEED"], "select one from kept").stdout, "1\n")
        self.assertEqual(stack.settings["PAYMENT_WEBHOOK_SECRET"], secret)
        # Killed, and started again at once: it waits for what is still ending.
        stack.end(signal.SIGKILL)

        stack = self.start("--fresh", ephemeral=False).wait_ready()
        self.assertNotEqual(psql(stack.settings["PG_URL_FEED"], "select one from kept").returncode, 0)
        self.assertNotEqual(stack.settings["PAYMENT_WEBHOOK_SECRET"], secret)
        stack.end()

    def test_it_ends_when_its_test_is_killed(self):
        test = os.fork()
        if test == 0:
            try:
                self.start(ephemeral=False)
                signal.pause()
            finally:
                os._exit(1)
        state = pathlib.Path(self.folder) / "a" / "state"
        try:
            wait_until((state / "stack.env").exists, "the stack is ready", 300)
            pids = {path.name: int(path.read_text()) for path in (state / "pids").iterdir()}
        finally:
            os.kill(test, signal.SIGKILL)
            os.waitpid(test, 0)
        try:
            wait_until(lambda: not processes_in(pids.values()), "all processes end", 60)
        except AssertionError:
            os.kill(pids["supervisor"], signal.SIGTERM)
            raise


class BadInput(StackTest):
    def run_up(self, *arguments):
        return subprocess.run([LOCAL / "up", *arguments], capture_output=True, text=True, timeout=60)

    def test_arguments(self):
        for arguments in [["--no-such"], ["--port"], ["--port", "0"], ["--port", "70000"], ["x"]]:
            self.assertEqual(self.run_up(*arguments).returncode, 2, arguments)
        missing = self.run_up("--ephemeral", "--build", "/nonexistent")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("make build", missing.stderr)

    def test_settings_file(self):
        path = os.path.join(self.folder, "bad.env")
        pathlib.Path(path).write_text("# fine\nGOOD=1\nnot a setting\n")
        answer = self.run_up("--ephemeral", "--build", BUILD, "--env-file", path)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("not NAME=VALUE: not a setting", answer.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
