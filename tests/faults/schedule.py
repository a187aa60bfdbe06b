"""Faults done to a running stack, by a seeded schedule."""

import os
import pathlib
import random
import resource
import signal
import subprocess
import threading
import time
import traceback

from local_stack import SERVICES, wait_for

PROCESSES = SERVICES + ["gateway", "redis-state", "redis-cache", "postgres"]
# What is locked to make a database slow: service and tables.
LOCKS = [("comment", "comments"), ("feed", "follows"), ("content", "posts"),
         ("subscription", "trials"), ("account", "sessions")]


class Faults:
    """Does faults and undoes them: several at once, but one at a time to a process."""

    def __init__(self, stack, history, disk=None):
        self.stack = stack
        self.history = history
        self.disk = disk
        self.turns = {name: threading.Lock() for name in PROCESSES + ["mail"]}

    def do(self, what, name, seconds):
        try:
            with self.turns.get(name, self.turns["postgres"]):
                getattr(self, what)(name, seconds)
        except Exception:
            self.history.complain(f"{what} {name}: {traceback.format_exc()}")

    def child(self, *arguments):
        return self.stack.child(*arguments)

    def pids(self, name):
        """A child's processes: PostgreSQL's sessions are processes of their own."""
        pid = self.stack.pid(name)
        done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True,
                              check=False)
        return [pid] + [int(text) for text in done.stdout.split()]

    def start(self, name):
        """Starts what was killed; PostgreSQL may have to wait for its orphans to end."""
        def started():
            done = self.child("start", name)
            return done.returncode == 0 or "runs already" in done.stderr
        wait_for(f"{name} to start", started, 120)

    def is_running(self, name):
        return self.child("pid", name).returncode == 0

    def kill(self, name, seconds):
        begin = time.time()
        self.child("kill", name, "KILL")
        wait_for(f"{name} to be gone", lambda: not self.is_running(name))
        time.sleep(seconds)
        self.start(name)
        self.history.fault("kill", name, begin, time.time())

    def pause(self, name, seconds):
        begin = time.time()
        pids = self.pids(name)
        signal_all(pids, signal.SIGSTOP)
        time.sleep(seconds)
        signal_all(pids, signal.SIGCONT)
        self.history.fault("pause", name, begin, time.time())

    def stutter(self, name, seconds):
        """Slow rather than away: stopped and continued in short pulses."""
        begin = time.time()
        while time.time() < begin + seconds:
            pids = self.pids(name)
            signal_all(pids, signal.SIGSTOP)
            time.sleep(0.15)
            signal_all(pids, signal.SIGCONT)
            time.sleep(0.05)
        self.history.fault("stutter", name, begin, time.time())

    def restart(self, name, _seconds):
        begin = time.time()
        self.child("stop", name)
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
        begin = time.time()
        self.disk.fill()
        time.sleep(seconds)
        self.disk.free()
        # Without room for its log PostgreSQL ends itself; it comes back, or is started.
        if not self.is_running(name):
            self.start(name)
        wait_for("PostgreSQL to answer", self.database_answers, 120)
        self.history.fault("disk full", name, begin, time.time())

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


class SmallDisk:
    """A small file system of its own for PostgreSQL, which can be filled: needs root."""

    size_mib = 400

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        options = f"size={self.size_mib}m,mode=755"
        self.mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "rostrum-faults", self.folder],
            capture_output=True, check=False).returncode == 0

    def fill(self):
        with open(self.folder / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
            except OSError:
                pass

    def free(self):
        (self.folder / "ballast").unlink(missing_ok=True)

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder], capture_output=True, check=False)
            self.mounted = False


class ShortFiles:
    """Where nothing can be mounted: no file of PostgreSQL's may grow (RLIMIT_FSIZE)."""

    def __init__(self, pids):
        self.pids = pids

    def fill(self):
        self.limit(1 << 20)

    def free(self):
        self.limit(resource.RLIM_INFINITY)

    def limit(self, most):
        for pid in self.pids():
            try:
                hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(pid, resource.RLIMIT_FSIZE,
                                 (hard if most == resource.RLIM_INFINITY else most, hard))
            except ProcessLookupError:
                pass


def plan(seed, seconds):
    """The schedule: (when to begin, after the start; what; of what; how long)."""
    chance = random.Random(seed)
    steps = []
    # Everything is killed once in every round, in an order of its own.
    when = chance.uniform(1, 2)
    while when < seconds:
        round_of = [("kill", name) for name in PROCESSES]
        round_of += [("pause", name) for name in chance.sample(PROCESSES, 3)]
        round_of += [("restart", name) for name in chance.sample(SERVICES + ["gateway"], 2)]
        round_of += [("take_mail_away", "mail"), ("stutter", "postgres"), ("stutter", "redis-state"),
                     ("lock", ".".join(chance.choice(LOCKS))), ("fill_disk", "postgres")]
        chance.shuffle(round_of)
        for what, name in round_of:
            long = {"kill": 1.5, "pause": 3, "take_mail_away": 4, "lock": 4, "stutter": 3,
                    "fill_disk": 3}.get(what, 0)
            steps.append((when, what, name, chance.uniform(0.1, long) if long else 0))
            when += chance.uniform(0.8, 3.2)
            if when >= seconds:
                break
    return steps
