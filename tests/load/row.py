"""What the rows of the benchmark share."""

import contextlib
import re
import subprocess

from client import Browser
from local_stack import psql

# Of wrk. Fewer leave the machine waiting, more only wait themselves.
CONNECTIONS = 128


class Row:
    """A row: `work` and, where there is a reference, `limit` return a figure."""
    name = what = unit = reference = ""
    # The ratio to the reference that is to be reached, where `reach` says nothing else.
    least = 0
    # Whether `work` repeats what it measures by itself, so that one round is enough.
    repeats = False
    # The setting with the URL of the database that `sql` asks.
    database = ""

    def __init__(self, stack, seconds, small):
        self.stack = stack
        self.seconds = seconds
        self.small = small
        # What `prepare` starts or makes is ended by this, even if the rest of it fails.
        self.at_end = contextlib.ExitStack()
        # What the figure is made of, by name.
        self.parts = {}

    def __enter__(self):
        try:
            self.prepare()
        except BaseException:
            self.at_end.close()
            raise
        return self

    def __exit__(self, *_):
        self.at_end.close()

    def prepare(self):
        pass

    def limit(self):
        raise NotImplementedError

    def check(self):
        """Raises AssertionError if what was measured was not done right."""

    @property
    def reach(self):
        return f"{self.least:.0%}"

    def reached(self, result):
        return result["ratio"] >= self.least

    @property
    def url(self):
        return self.stack.settings["ROSTRUM_URL"]

    def a_post(self, level="PUBLIC"):
        """The id of one of the demo's posts."""
        posts = Browser(self.url).get("/v1/posts", accessLevel=f"ACCESS_LEVEL_{level}").json["posts"]
        return posts[0]["postId"]

    def sql(self, text):
        done = psql(self.stack.settings[self.database], text)
        assert done.returncode == 0, done.stderr
        return done.stdout


def run(command, seconds):
    """What a program says that works for so many seconds."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr}"
    return done.stdout


def find(pattern, said):
    """The groups of a pattern in what a program said."""
    found = re.search(pattern, said, re.M)
    assert found, f"no {pattern} in what it said:\n{said}"
    return found.groups()


def run_wrk(url, seconds, connections, script=None):
    """What wrk says of a run in which every answer was a 2xx."""
    # A late answer is a low figure, not a wrong one.
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10s", "--latency"]
    command += ["-s", str(script)] if script else []
    said = run(command + [url], seconds)
    trouble = re.findall(r"(?:Non-2xx|Socket errors).*", said)
    assert not trouble, f"{', '.join(trouble)}\n{said}"
    return said


def wrk(url, seconds, connections=CONNECTIONS, script=None):
    """(requests a second, requests) of such a run."""
    said = run_wrk(url, seconds, connections, script)
    (rate,), (requests,) = find(r"Requests/sec:\s+([\d.]+)", said), find(r"(\d+) requests in", said)
    return float(rate), int(requests)
