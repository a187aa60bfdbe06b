"""Faults done to a running stack, and undone."""

import contextlib
import os
import signal
import subprocess
import threading
import time
import traceback

from local_stack import wait_until
from plan import processes_of
from redis_client import Redis


class Faults:
    """Does faults and undoes them: several at once, but one at a time to a process."""

    def __init__(self, stack, history, disks=(), replicas=1):
        self.stack = stack
        self.history = history
        self.disks = dict(disks)  # those that can be filled, by whose they are
        self.processes = processes_of(replicas)
        self.turns = {name: threading.Lock() for name in self.processes + ["mail"]}

    def do(self, what, name, seconds):
        try:
            with self.turns.get(name, self.turns["postgres"]):
                if name in self.turns and not self.is_running(name):
                    self.history.complain(f"{name} has ended by itself")
                    self.start(name)
                getattr(self, what)(name, seconds)
        except Exception:
            self.history.complain(f"{what} {name}: {traceback.format_exc()}")

    def child(self, *arguments):
        return self.stack.child(*arguments)

    def pids(self, name):
        """A child's processes: PostgreSQL's sessions are processes of their own. Of one
        that has ended there are none."""
        try:
            pid = self.stack.pid(name)
        except FileNotFoundError:
            return []
        done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True,
                              check=False)
        return [pid] + [int(text) for text in done.stdout.split()]

    def freeze(self, name):
        """Stops a child with all its processes, so that it hangs; returns them. The first
        one goes first: it would make more."""
        signal_all([self.stack.pid(name)], signal.SIGSTOP)
        pids = self.pids(name)
        signal_all(pids, signal.SIGSTOP)
        return pids

    @contextlib.contextmanager
    def frozen(self, *names):
        pids = [pid for name in names for pid in self.freeze(name)]
        try:
            yield
        finally:
            signal_all(pids, signal.SIGCONT)

    def start(self, name):
        """Starts what was killed; PostgreSQL may have to wait for its orphans to end."""
        def started():
            assert self.stack.process.poll() is None, "the stack has ended"
            done = self.child("start", name)
            return done.returncode == 0 or "runs already" in done.stderr
        wait_until(started, f"{name} starts", 120)

    def is_running(self, name):
        return self.child("pid", name).returncode == 0

    def kill(self, name, seconds):
        begin = time.time()
        self.child("kill", name, "KILL")
        wait_until(lambda: not self.is_running(name), f"{name} is gone")
        time.sleep(seconds)
        self.start(name)
        self.history.fault("kill", name, begin, time.time())

    def pause(self, name, seconds):
        begin = time.time()
        with self.frozen(name):
            time.sleep(seconds)
        self.history.fault("pause", name, begin, time.time())

    def pause_then_kill(self, name, seconds):
        """Hangs until somebody has enough of it: what waits in it never gets an answer."""
        begin = time.time()
        pids = self.freeze(name)
        time.sleep(seconds)
        killed = time.time()
        signal_all(pids, signal.SIGKILL)
        wait_until(lambda: not self.is_running(name), f"{name} is gone")
        self.start(name)
        self.history.fault("pause", name, begin, killed)
        self.history.fault("kill", name, killed, time.time())

    def stutter(self, name, seconds):
        """Slow rather than away: stopped and continued in short pulses."""
        begin = time.time()
        while time.time() < begin + seconds:
            with self.frozen(name):
                time.sleep(0.15)
            time.sleep(0.05)
        self.history.fault("stutter", name, begin, time.time())

    def restart(self, name, _seconds):
        """In good order: services and Redis end by SIGTERM, PostgreSQL by a fast shutdown."""
        begin = time.time()
        stopped = self.child("stop", name)
        assert stopped.returncode == 0, stopped.stderr
        self.start(name)
        self.history.fault("restart", name, begin, time.time())

    def take_mail_away(self, name, seconds):
        begin = time.time()
        self.child("stop", name)
        time.sleep(seconds)
        self.start(name)
        self.history.fault("away", name, begin, time.time())

    def lock(self, name, seconds):
        """A database that does not answer questions about one table."""
        begin = time.time()
        service, table = name.split(".")
        url = self.stack.settings["PG_URL"].rpartition("/")[0] + f"/rostrum_{service}"
        sql = f"BEGIN; LOCK TABLE {table}; SELECT pg_sleep({seconds:.2f}); COMMIT"
        subprocess.run(["psql", "-X", "-q", "-c", sql, url], capture_output=True, check=False,
                       timeout=seconds + 60)
        self.history.fault("lock", name, begin, time.time())

    def fill_disk(self, name, seconds):
        if name not in self.disks:
            return
        begin = time.time()
        self.disks[name].fill()
        time.sleep(seconds)
        self.disks[name].free()
        # Without room for its log PostgreSQL ends itself; it comes back, or is started.
        if not self.is_running(name):
            self.start(name)
        answers = self.database_answers if name == "postgres" else self.redis_takes_writes
        wait_until(answers, f"{name} writes again", 120)
        self.history.fault("disk full", name, begin, time.time())

    def redis_takes_writes(self):
        """It refuses them from the first that its log had no room for."""
        try:
            return Redis(self.stack.settings["REDIS_URL"]).ask("DEL", "nothing") == 0
        except (OSError, AssertionError):
            return False

    def database_answers(self):
        done = subprocess.run(["psql", "-X", "-q", "-c", "SELECT 1", self.stack.settings["PG_URL"]],
                              capture_output=True, check=False, timeout=60)
        if done.returncode != 0 and not self.is_running("postgres"):
            self.start("postgres")
        return done.returncode == 0


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
