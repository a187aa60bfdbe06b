"""That a row which fails is told and harms no other, without a stack.

usage: bench_test.py [unittest arguments]
"""

import argparse
import contextlib
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent

import bench
from local_stack import session_of, wait_until
from row import Row, find, run

# Starts an nginx and is killed before it could stop it.
KILLED = """
import os, signal, sys
import bench, nginx
print(nginx.Nginx(sys.argv[1], sys.argv[1]).process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


class Good(Row):
    name = what = "good"
    reference = "twice of it"
    least = 0.5

    def work(self):
        return 10

    def limit(self):
        return 20


class BadStart(Good):
    name = what = "bad start"
    stopped = 0

    def prepare(self):
        self.at_end.callback(self.stop)
        run(["sh", "-c", "echo it is broken >&2; exit 3"], 1)

    def stop(self):
        BadStart.stopped += 1


class Silent(Good):
    name = what = "silent"

    def work(self):
        return float(*find(r"rate (\d+)", run(["echo", "nothing"], 1)))


class Slow(Good):
    name = what = "slow"

    def limit(self):
        raise subprocess.TimeoutExpired("wrk", 60)


class BadEnd(Good):
    name = what = "bad end"

    def prepare(self):
        self.at_end.callback(lambda: 1 / 0)


class Rows(unittest.TestCase):
    def told(self, *kinds):
        """Exit status, lines of the table, and the same as JSON."""
        arguments = argparse.Namespace(seconds=1, small=True, rounds=3)
        with (tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()),
              contextlib.redirect_stdout(io.StringIO()) as table):
            file = pathlib.Path(folder) / "output" / "bench.json"
            status = bench.tell([bench.result_of(kind, None, arguments) for kind in kinds], file)
            return status, table.getvalue().splitlines()[2:], json.loads(file.read_text())

    def test_all_good(self):
        status, lines, results = self.told(Good)
        self.assertEqual(status, 0)
        self.assertRegex(lines[0], "^good .* 10 .* 20 .* 50% ")
        self.assertEqual([results[0]["ratio"], len(results[0]["rounds"])], [0.5, 3])

    def test_those_that_fail_are_told_and_the_others_go_on(self):
        status, lines, results = self.told(BadStart, Silent, Slow, BadEnd, Good)
        self.assertEqual(status, 1)
        for line, said in zip(lines, (
                "bad start .*FAILED: AssertionError: sh ended with 3: it is broken",
                "silent .*FAILED: AssertionError: no rate",
                "slow .*FAILED: TimeoutExpired: .* 60 seconds",
                "bad end .*FAILED: ZeroDivisionError", "good .* 50% "), strict=False):
            self.assertRegex(line, said)
        self.assertEqual(["failed" in result for result in results], [True] * 4 + [False])

    def test_what_a_row_began_is_ended_when_the_rest_of_its_start_fails(self):
        before = BadStart.stopped
        self.told(BadStart)
        self.assertEqual(BadStart.stopped, before + 1)


class References(unittest.TestCase):
    def test_nginx_ends_with_who_started_it(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder).chmod(0o755)
            with subprocess.Popen([sys.executable, "-c", KILLED, folder], cwd=HERE,
                                  stdout=subprocess.PIPE, text=True) as killed:
                pid = int(killed.stdout.readline())
                try:
                    wait_until(lambda: session_of(pid) is None, "nginx ends", 20)
                except AssertionError:
                    os.kill(pid, signal.SIGTERM)
                    raise


if __name__ == "__main__":
    unittest.main()
