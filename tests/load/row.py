"""What the rows of the benchmark share."""

import re
import subprocess


# Of wrk. Fewer leave the machine waiting, more only wait themselves.
CONNECTIONS = 128


class Row:
    """A row: `work` and, where there is a reference, `limit` return a figure."""
    name = what = unit = reach = ""
    reference = ""

    def __init__(self, stack, seconds, small):
        self.stack = stack
        self.seconds = seconds
        self.small = small

    def __enter__(self):
        self.prepare()
        return self

    def __exit__(self, *_):
        self.clean_up()

    def prepare(self):
        pass

    def clean_up(self):
        pass

    def limit(self):
        raise NotImplementedError

    def check(self):
        """Raises AssertionError if what was measured was not done right."""

    def reached(self, result):
        raise NotImplementedError


def run_wrk(url, seconds, connections, script=None):
    """What wrk says of a run in which every answer was a 2xx."""
    # A late answer is a low figure, not a wrong one.
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10s", "--latency"]
    command += ["-s", str(script)] if script else []
    said = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
    for trouble in ("Non-2xx", "Socket errors"):
        assert trouble not in said, said
    return said


def wrk(url, seconds, connections=CONNECTIONS, script=None):
    """(requests a second, requests) of such a run."""
    said = run_wrk(url, seconds, connections, script)
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)),
            int(re.search(r"(\d+) requests in", said).group(1)))
