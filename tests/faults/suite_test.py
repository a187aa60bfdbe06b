"""That the suite sees what it looks for, without a stack: wrong histories of events and of
all that is checked, logs that tell, schedules that leave something out.

usage: suite_test.py [unittest arguments]
"""

import collections
import contextlib
import itertools
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import types
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e"),
                str(HERE.parent / "e2e" / "eyes")]

import disks  # noqa: E402  (the path is known only now)
import redaction  # noqa: E402
from checks import lost_spans  # noqa: E402
from client import Answer  # noqa: E402
from faults import keep  # noqa: E402
from history import Client, History  # noqa: E402
from logs import OURS, Secrets, require_enough  # noqa: E402
from once import Effect, Event, Move, broken_chain, look, misapplied  # noqa: E402
from plan import (  # noqa: E402
    EXTRAS, LONG_PAUSE, SHORT, WAYS, extras_of_all, plan, processes_of, ways_of_all)
from schedule import Faults  # noqa: E402
from wrong_worlds import WRONG, Told  # noqa: E402


def at(place, epoch="e"):
    return (epoch, *place)


# Three moves of a position over five events, each of which wrote one row.
MOVES = [Move(None, at((0, 0), "none"), 50), Move(at((0, 0), "none"), at((7, 2)), 50),
         Move(at((7, 2)), at((9, 4)), 51), Move(at((9, 4)), at((9, 5)), 52)]
EVENTS = [Event((6, 1), "a"), Event((7, 2), "b"), Event((8, 3), "a"), Event((9, 4), "a"),
          Event((9, 5), "b")]
EFFECTS = [Effect("a", 50), Effect("b", 50), Effect("a", 51), Effect("a", 51), Effect("b", 52)]
END = at((9, 5))


class Chain(unittest.TestCase):
    def test_takes_what_is_right(self):
        self.assertEqual(broken_chain(MOVES, END), [])
        self.assertEqual(broken_chain(MOVES[2:], END), [])  # watched from later on
        self.assertEqual(broken_chain([], None), [])

    def test_sees_a_move_that_was_made_twice(self):
        self.assertTrue(broken_chain([*MOVES[:3], MOVES[2]._replace(tx=53), MOVES[3]], END))

    def test_sees_two_that_begin_at_one_place(self):
        self.assertTrue(broken_chain([*MOVES[:3], Move(at((7, 2)), at((9, 5)), 53)], END))

    def test_sees_a_move_that_is_missing(self):
        self.assertTrue(broken_chain([*MOVES[:2], MOVES[3]], END))

    def test_sees_one_that_goes_back(self):
        self.assertTrue(broken_chain([*MOVES, Move(END, at((7, 2)), 53)], at((7, 2))))

    def test_sees_that_it_stands_elsewhere(self):
        self.assertTrue(broken_chain(MOVES, at((7, 2))))


class Effects(unittest.TestCase):
    def wrong(self, moves=MOVES, effects=EFFECTS, events=EVENTS, exactly=True):
        return misapplied(moves, effects, events, exactly)

    def test_takes_what_is_right(self):
        self.assertEqual(self.wrong(), [])
        self.assertEqual(self.wrong(MOVES[2:], EFFECTS[2:]), [])
        self.assertEqual(self.wrong([], [], []), [])

    def test_sees_one_that_happened_twice(self):
        self.assertTrue(self.wrong(effects=[*EFFECTS, EFFECTS[4]]))

    def test_sees_one_that_happened_again_in_a_later_move(self):
        self.assertTrue(self.wrong(effects=[*EFFECTS, Effect("a", 52)]))

    def test_sees_one_outside_of_every_move(self):
        self.assertTrue(self.wrong(effects=[*EFFECTS, Effect("a", 60)]))
        self.assertTrue(self.wrong(effects=[*EFFECTS[:4], Effect("b", 60)], exactly=False))

    def test_sees_an_event_without_effect(self):
        self.assertTrue(self.wrong(effects=EFFECTS[:4]))
        self.assertEqual(self.wrong(effects=EFFECTS[:4], exactly=False), [])

    def test_sees_an_effect_of_another_event(self):
        self.assertTrue(self.wrong(effects=[*EFFECTS[:4], Effect("a", 52)], exactly=False))

    def test_leaves_out_what_is_still_to_come(self):
        self.assertEqual(self.wrong(events=[*EVENTS, Event((10, 6), "a")]), [])


class Observations(unittest.TestCase):
    ROWS = [["effect", "1", "posts", "a", "", "", "", "", "", "50"],
            ["move", "1", "content", "", "", "", "e", "6", "1", "50"],
            ["move", "2", "content", "e", "6", "1", "e", "7", "2", "51"],
            ["stands", "0", "content", "e", "7", "2", "", "", "", ""]]

    def look(self, feed):
        def rows(service, sql):
            if "outbox" in sql:
                return [["6", "1", "a"]] if "PostPublished" in sql else []
            return feed if service == "FEED" else []
        return look(rows)

    def test_are_read_as_they_stand(self):
        found, moves, effects = self.look(self.ROWS)
        self.assertEqual(found, [])
        self.assertEqual({name: times for name, times in {**moves, **effects}.items() if times},
                         {"feed of content": 2, "feed, posts": 1})

    def test_of_a_doubled_history_are_seen(self):
        effect, *_, last, stands = self.ROWS
        again = [*last[:9], "52"]
        self.assertEqual(len(self.look([effect, *self.ROWS])[0]), 1)
        self.assertEqual(len(self.look([*self.ROWS[:3], again, stands])[0]), 1)


class Schedules(unittest.TestCase):
    def test_everything_is_done_before_anything_again(self):
        for replicas, seed in itertools.product((1, 2), range(20)):
            processes = processes_of(replicas)
            every = set(itertools.product(WAYS, processes))
            usual = ways_of_all(random.Random(seed), processes)
            for _ in range(3):
                self.assertEqual(set(itertools.islice(usual, len(every))), every)

    def test_everybody_hangs_for_long_and_is_killed_over_it(self):
        processes = processes_of()
        drawn = collections.Counter(itertools.islice(extras_of_all(random.Random(1), processes),
                                                     len(EXTRAS) * len(processes)))
        for what in ("long pause", "pause_then_kill"):
            self.assertEqual({name: drawn[what, name] for name in processes},
                             {name: 1 for name in processes})

    def test_long_runs_hold_all_of_it_and_short_ones_end_in_time(self):
        every = set(itertools.product(WAYS, processes_of()))
        for seed in range(20):
            steps = plan(seed, 150, processes_of())
            self.assertLessEqual(every, {(what, name) for _, what, name, _ in steps})
            self.assertIn(LONG_PAUSE, {long for _, _, _, long in steps})
            for at_, _, _, long in plan(seed, 42, processes_of()):
                self.assertLess(at_ + long, 42 + 8)
            self.assertEqual(steps, plan(seed, 150, processes_of()))

    def test_the_runs_of_every_ci_leave_nothing_out(self):
        for replicas, short in SHORT.items():
            steps = plan(*short, processes_of(replicas))
            every = set(itertools.product(WAYS, processes_of(replicas)))
            self.assertFalse(every - {step[1:3] for step in steps})
            done = {text for _, what, name, long in steps
                    for text in ("long pause" if long == LONG_PAUSE else what, f"{what} {name}")}
            self.assertFalse(set(EXTRAS) - done)
            # Redis writes to its disk once a second: it would not notice one that is full for less.
            self.assertGreater(min(long for _, what, _, long in steps if what == "fill_disk"), 1.4)
        # And they are the runs that are made.
        made = (HERE / "CMakeLists.txt").read_text(encoding="utf-8")
        for options in ("--short", "--short --replicas 2"):
            self.assertRegex(made, rf"faults\.py \$\{{PROJECT_BINARY_DIR\}} {options}\)")


class Disks(unittest.TestCase):
    def limit_of(self, pid):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="utf-8")
        return next(line.split()[3] for line in limits.splitlines() if line.startswith("Max file size"))

    def test_without_a_mount_are_full_for_whom_they_are_meant(self):
        other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] * (os.geteuid() == 0)
        with subprocess.Popen([*other, "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE) as process:
            try:
                process.stdout.readline()  # it is that other user from here on
                # The second one has ended meanwhile.
                disk = disks.ShortFiles(lambda: [process.pid, 1 << 30])
                disk.fill()
                self.assertEqual(self.limit_of(process.pid), str(1 << 20))
                disk.free()
                self.assertEqual(self.limit_of(process.pid), "unlimited")
            finally:
                process.kill()

    def test_that_a_killed_run_left_are_unmounted(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["mount", "-t", "tmpfs", f"{disks.NAME}:{1 << 30}", folder],
                                  capture_output=True, check=False)
            if done.returncode != 0:
                self.skipTest("nothing can be mounted here")
            mine = disks.SmallDisk(pathlib.Path(folder).with_suffix(".mine"), 1)
            try:
                disks.unmount_what_was_left()
                self.assertFalse(os.path.ismount(folder))
                self.assertTrue(os.path.ismount(mine.folder))
            finally:
                disks.unmount(folder)
                mine.unmount()
                mine.folder.rmdir()


class StackIsGone(unittest.TestCase):
    """Then nothing is waited for, and what must be undone is undone."""

    def stack(self, **methods):
        return types.SimpleNamespace(process=types.SimpleNamespace(poll=lambda: 1), **methods)

    def gone(self, *_):
        raise FileNotFoundError("gone")

    def test_nothing_is_started(self):
        with self.assertRaisesRegex(AssertionError, "has ended"):
            Faults(self.stack(), None).start("feed")

    def test_an_ended_child_has_no_processes(self):
        self.assertEqual(Faults(self.stack(pid=self.gone), None).pids("postgres"), [])

    def test_no_logs_are_no_reason_to_leave_mounts(self):
        with contextlib.redirect_stdout(None):
            keep(self.stack(keep=self.gone), types.SimpleNamespace(path=""), types.SimpleNamespace(seed=1))


class Worlds(unittest.TestCase):
    def test_that_are_right_are_taken(self):
        self.assertEqual(Told({}).checked()[1], set())

    def test_that_are_wrong_are_seen(self):
        for check, change in WRONG:
            with self.subTest(f"{check}: {change}"):
                self.assertIn(check, Told(change).checked()[1])

    def test_are_there_for_every_check(self):
        self.assertEqual({check for check, _ in WRONG}, set(Told({}).checked()[0]))


class Losses(unittest.TestCase):
    def spans(self, service, *faults):
        history = History("/dev/null")
        for fault in faults:
            history.fault(*fault)
        history.file.close()
        return lost_spans(history, service)

    def test_begin_where_the_killed_one_began_to_hang(self):
        self.assertEqual(self.spans("redis-state", ("pause", "redis-state", 10, 16),
                                    ("kill", "redis-state", 16, 18)), [(8.5, 16.5)])
        self.assertEqual(self.spans("redis-state", ("disk full", "redis-state", 10, 16),
                                    ("kill", "redis-state", 17, 18)), [(8.5, 17.5)])
        self.assertEqual(self.spans("redis-state", ("restart", "redis-state", 16, 18)), [])

    def test_of_content_begin_where_redis_went_away(self):
        away = ("pause", "redis-state", 10, 14)
        self.assertEqual(self.spans("content", away, ("restart", "content-2", 15, 18)), [(8.5, 15.5)])
        self.assertEqual(self.spans("content", away, ("restart", "content", 19, 20)), [])
        self.assertEqual(self.spans("content", away, ("kill", "content", 19, 20)), [(17.5, 19.5)])


class Pages(unittest.TestCase):
    """What no answer may be, on the pages of articles too."""
    WALL = '<div class="wall">'

    def setUp(self):
        self.history = History(os.devnull)
        self.addCleanup(self.history.file.close)
        for number, level in enumerate(("PREMIUM", "METERED", "PUBLIC")):
            marker = str(number) * 32
            self.history.add_post(level, f"ACCESS_LEVEL_{level}", marker)
            self.history.pages[f"/c/a/{level}"] = level

    def wrong(self, path, body, status=200):
        client = Client("http://localhost", self.history, "visitor")
        with contextlib.redirect_stdout(None):
            client.look_through("GET", path, Answer(status, {}, body.encode()))
        return self.history.wrong

    def test_that_are_right_are_taken(self):
        self.assertEqual(self.wrong("/c/a/PREMIUM", self.WALL), [])
        self.assertEqual(self.wrong("/c/a/METERED", f"protected sentence {'1' * 32}"), [])
        self.assertEqual(self.wrong("/c/a/unknown", "", 404), [])

    def test_premium_text_is_seen(self):
        self.assertTrue(self.wrong("/c/a/PREMIUM", f"protected sentence {'0' * 32}"))

    def test_text_beside_its_wall_is_seen(self):
        self.assertTrue(self.wrong("/c/a/METERED", f"{self.WALL} protected sentence {'1' * 32}"))

    def test_a_wall_before_a_public_post_is_seen(self):
        self.assertTrue(self.wrong("/c/a/PUBLIC", self.WALL))

    def test_that_are_said_not_to_be_there_are_seen(self):
        self.assertTrue(self.wrong("/c/a/METERED", "", 404))


class Logs(unittest.TestCase):
    GOOD = b'{"ts":"t","level":"info","service":"feed","msg":"ready"}\n'

    def found(self, **logs):
        secrets = Secrets()
        secrets.add("email", "Ada@reader.example")
        secrets.add("text", 'say "what"')
        whispers = redaction.Whispers()
        texts = {name.replace("_", "-"): text for name, text in logs.items()}
        for look in (lambda *a: redaction.look_for_secrets(a[0], secrets, a[1]),
                     redaction.look_for_addresses, redaction.look_at_form):
            look(texts, whispers)
        return dict(whispers.counts)

    def test_that_tell_nothing_are_right(self):
        self.assertEqual(self.found(feed=self.GOOD, feed_2=self.GOOD,
                                    redis_state=b"Running mode=standalone, 1.2.3.4\n"), {})

    def test_that_tell_are_seen_in_any_spelling(self):
        self.assertEqual(self.found(postgres=b"x\nto ada@reader.example, Ada@reader.example\n"),
                         {("postgres", "a secret (email)"): 2})
        self.assertEqual(self.found(postgres=rb'they say \"what\" they want'),
                         {("postgres", "a secret (text)"): 1})
        self.assertEqual(self.found(mail=b"peer 10.0.0.7:80\n"), {("mail", "an address"): 1})

    def test_that_are_not_there_are_seen(self):
        logs = {name: self.GOOD for name in [*OURS, "postgres", "mail", "redis-state", "redis-cache"]}
        secrets = Secrets()
        for kind in ("password", "email", "token", "cookie", "body"):
            secrets.add(kind, "secret")
        require_enough(logs, secrets)
        for lacking in ({**logs, "feed": b""}, {k: v for k, v in logs.items() if k != "mail"}):
            self.assertRaises(AssertionError, require_enough, lacking, secrets)
        secrets.kinds["token"].clear()
        self.assertRaises(AssertionError, require_enough, logs, secrets)

    def test_that_are_cut_off_are_seen(self):
        broken = ("feed", "a line that is not of the form")
        self.assertEqual(self.found(feed=self.GOOD + self.GOOD[:20]), {broken: 1})
        self.assertEqual(self.found(feed=b"[1]\nterminate called\n"), {broken: 2})
        libpq = b"FATAL:  terminating connection due to administrator command"
        self.assertEqual(self.found(feed=self.GOOD + libpq + b"\n"), {})
        self.assertEqual(self.found(feed=self.GOOD + libpq + b" of ada\n"), {broken: 1})


if __name__ == "__main__":
    unittest.main()
