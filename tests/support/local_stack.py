"""A running local stack (deploy/local/up) as tests handle it."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.request

LOCAL = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "local"
SERVICES = ["account", "subscription", "content", "feed", "comment"]
CHILDREN = SERVICES + ["gateway", "postgres", "redis-state", "redis-cache", "mail"]


def read_settings(path):
    """A file of NAME=VALUE lines."""
    with open(path, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)


def wait_until(condition, what, seconds=60):
    """Polls until `condition` is true, and returns its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def session_of(pid):
    """The session of a live process, None for one that is gone or a zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[3])


def processes_in(sessions):
    pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    return [pid for pid in pids if session_of(pid) in sessions]


class Stack:
    """A running `up --ephemeral` (or a lasting one) in a folder of its own."""

    def __init__(self, build, folder, *options, ephemeral=True, demo=False):
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.output = open(self.folder / "output", "ab+")
        # What lasts would outlive a test that is killed; an ephemeral stack looks after that itself.
        arguments = [] if ephemeral else ["setpriv", "--pdeathsig", "TERM", "--"]
        arguments += [LOCAL / "up", "--build", build, "--state", self.state]
        arguments += [] if demo else ["--no-demo"]
        arguments += ["--ephemeral"] if ephemeral else ["--port", str(17000 + os.getpid() % 1000)]
        self.process = subprocess.Popen(
            arguments + list(options),
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.settings = {}
        self.sessions = set()
        self.killed = set()  # processes that the test kills
        self.may_end = set()  # those that may also end by themselves
        self.looked_at = len(self.read_output().splitlines())

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError("up ended: " + self.read_output())
            # Not what an earlier one that was killed left there.
            path = self.state / "stack.env"
            mine = f"ROSTRUM_SUPERVISOR_PID={self.process.pid}\n"
            return path.exists() and mine in path.read_text()

        wait_until(ready, "the stack is ready", 300)
        self.settings = read_settings(self.state / "stack.env")
        self.sessions = {self.pid(name) for name in CHILDREN}
        return self

    def pid(self, name):
        return int((self.state / "pids" / name).read_text())

    def read_output(self):
        return (self.folder / "output").read_text()

    def child(self, *arguments):
        environment = dict(os.environ, ROSTRUM_STATE=str(self.state))
        return subprocess.run(
            [LOCAL / "child", *arguments], env=environment, capture_output=True, text=True
        )

    def kill(self, name):
        self.killed.add(name)
        os.kill(self.pid(name), signal.SIGKILL)

    def wrong_ends(self):
        """What `up` has said, since this was last asked, of processes that ended unasked, or not
        as they should when they were asked to."""
        lines = self.read_output().splitlines()
        new, self.looked_at = lines[self.looked_at :], len(lines)
        ends = [re.match(r"up: (\S+) (stopped|did not) .*", line) for line in new]
        return [end[0] for end in ends if end and not self.is_meant(*end.group(0, 1, 2))]

    def is_meant(self, line, name, what):
        killed = name in self.killed and "(ended by SIGKILL)" in line
        return what == "stopped" and (killed or name in self.may_end)

    def end(self, number=signal.SIGTERM):
        """Ends all of it, and returns the status of `up`. Fails if it, or a process in it, did not
        end well; whoever kills it does not ask."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(150)
        if number != signal.SIGKILL:
            well = status == 0 and not self.wrong_ends()
            assert well, f"up ended with {status}: {self.read_output()}"
        return status

    def keep(self, name, *files):
        """Keeps what a failed test wants to be understood by; returns the folder."""
        kept = self.build / "fault-logs" / name
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        # They are gone if `up` has ended; after a failure there it keeps them itself, and says where.
        for path in [*(self.state / "logs").glob("*"), self.folder / "output", *files]:
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(path, kept)
        print(f"   the logs are kept in {kept}", flush=True)
        return kept

    @contextlib.contextmanager
    def kept_if_it_fails(self, name, *files):
        """For a `with`."""
        try:
            yield
        except BaseException:
            self.keep(name, *files)
            raise


def metrics_page(admin_url):
    with urllib.request.urlopen(admin_url + "/metrics", timeout=10) as answer:
        return answer.read().decode()


def metric(admin_url, series):
    """The value of a series, written as it is exported with its labels."""
    for line in metrics_page(admin_url).splitlines():
        name, _, value = line.rpartition(" ")
        if name == series:
            return float(value)
    raise AssertionError(f"{admin_url} exports no {series}")


def psql(url, sql):
    return subprocess.run(
        ["psql", "-X", "-A", "-t", "-c", sql, url], capture_output=True, text=True
    )
