#!/usr/bin/python3
"""Faults on a real stack under a recorded workload, and what must be true after.

Starts the stack itself, restartable, its PostgreSQL and Redis on small file systems
of their own where those can be mounted. A run is repeated by its seed: the schedule of
faults and what each client chooses come from it. Every process is killed, paused
and restarted before any of it is done to one again, which takes about 70 seconds
(120 with --replicas 2).

  tests/faults/faults.py BUILD [--short | [--seed N] [--minutes M]] [--replicas N]
"""

import argparse
import collections
import contextlib
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e"),
                str(HERE.parent / "e2e" / "eyes")]

import once  # noqa: E402  (the path is known only now)
import redaction  # noqa: E402
from actors import Follower, Newcomer, Payer, Returner, Visitor  # noqa: E402
from checks import Checks  # noqa: E402
from client import Browser  # noqa: E402
from disks import ShortFiles, SmallDisk, unmount_what_was_left  # noqa: E402
from history import History  # noqa: E402
from local_stack import Stack, psql, wait_until  # noqa: E402
from plan import SHORT, plan  # noqa: E402
from schedule import Faults  # noqa: E402
from world import World  # noqa: E402
from writers import Author, Commenter, Member  # noqa: E402

# What is kept on a file system that can be full, and its MiB.
SMALL_DISKS = {"postgres": 400, "redis-state": 64}


def actors_of(world, seed):
    def seeds():
        number = 0
        while True:
            number += 1
            yield f"{seed} {number}"
    one = seeds()
    readers = world.readers
    actors = [Visitor(world, next(one)) for _ in range(3)]
    actors += [Newcomer(world, next(one)) for _ in range(2)]
    actors += [Commenter(world, next(one), person) for person in readers[:4]]
    actors += [Follower(world, next(one), person) for person in readers[4:6]]
    actors += [Member(world, next(one), person) for person in readers[10:]]
    actors += [Author(world, next(one)), Payer(world, next(one), readers[6:10]),
               Returner(world, next(one), readers)]
    return actors


def prepare(stack):
    """What the stack needs before anything is done to it."""
    # Its log must find room on a small disk.
    for sql in ("ALTER SYSTEM SET max_wal_size = '96MB'", "SELECT pg_reload_conf()"):
        assert psql(stack.settings["PG_URL"], sql).returncode == 0

    def run_sql(service, sql):
        done = psql(stack.settings[f"PG_URL_{service}"], sql)
        assert done.returncode == 0, done.stderr
    once.watch(run_sql)


def follow(faults, steps, began):
    """Does what the plan says, when it says it."""
    doing = []
    for at, what, name, long in steps:
        time.sleep(max(0, began + at - time.monotonic()))
        print(f"   {time.monotonic() - began:5.1f} s  {what} {name} {long:.1f}", flush=True)
        # Daemons: a run that is ended does not wait for what can no longer be done.
        doing.append(threading.Thread(target=faults.do, args=(what, name, long), daemon=True))
        doing[-1].start()
    return doing


def heal(faults):
    """All runs and answers again."""
    for name in faults.processes + ["mail"]:
        if not faults.is_running(name):
            faults.start(name)
    wait_until(faults.database_answers, "PostgreSQL answers", 60)


def end(actors, history):
    for actor in actors:
        actor.stop.set()
    for actor in actors:
        actor.join(240)
        if actor.is_alive():
            history.complain(f"{actor.kind} does not end")
    lives = collections.Counter()
    for actor in actors:
        lives[actor.kind] += actor.lives
    for kind in [kind for kind, times in lives.items() if not times]:
        history.complain(f"no {kind} came to anything")
    print("   " + ", ".join(f"{kind} {times}" for kind, times in lives.items()), flush=True)


def run(stack, history, disks, secrets, options):
    prepare(stack)
    faults = Faults(stack, history, {n: d for n, d in disks.items() if d.mounted}, options.replicas)
    faults.disks.setdefault("postgres", ShortFiles(lambda: faults.pids("postgres")))
    for name in disks:
        how = type(faults.disks[name]).__name__ if name in faults.disks else "none can be made here"
        print(f"   a full disk of {name}: {how}", flush=True)
    stack.killed.update(faults.processes)
    # PostgreSQL ends without room for its log, and does not start beside its orphans.
    stack.may_end.add("postgres")
    world = World(stack.settings, history)
    actors = actors_of(world, options.seed)
    for actor in actors:
        actor.start()
    began, seconds = time.monotonic(), options.minutes * 60
    doing = follow(faults, plan(options.seed, seconds, faults.processes), began)
    time.sleep(max(0, began + seconds - time.monotonic()))
    for fault in doing:
        fault.join()
    print("== All is up again; clients end what they began", flush=True)
    heal(faults)
    end(actors, history)
    for line in stack.wrong_ends():
        history.complain(line)
    print("== What was acknowledged is there, once", flush=True)
    Checks(world).all()
    print("== Logs name nobody", flush=True)
    whispers = redaction.look_through(stack.settings, redaction.secrets_of(world, secrets))
    print(f"   {whispers.looked_at}", flush=True)
    if whispers.counts:
        history.complain(f"logs:\n   {whispers}")


def stop(stack, history, options):
    """Ends the stack. What a failed run wants to be understood by is kept, if it can be."""
    history.file.close()
    failed = bool(history.wrong)
    if failed:
        keep(stack, history, options)
    try:
        stack.end()
    except Exception:
        history.complain(traceback.format_exc())
    if history.wrong and not failed:
        keep(stack, history, options)


def keep(stack, history, options):
    try:
        stack.keep(str(options.seed), history.path)
    except OSError as error:
        print(f"   not all could be kept: {error}", flush=True)


def tell(history, options):
    outcomes = {}
    for (_, status), count in history.counts.items():
        outcomes[status] = outcomes.get(status, 0) + count
    print("   answers:", ", ".join(f"{k} x {v}" for k, v in sorted(outcomes.items(), key=str)))
    if not history.wrong:
        print("Nothing was lost, nothing happened twice.")
        return 0
    again = f"--seed {options.seed} --minutes {options.minutes:g} --replicas {options.replicas}"
    print(f"FAILED ({len(history.wrong)} wrong); again by\n"
          f'  make faults ARGS="{again}"')
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--minutes", type=float, default=5, help="how long faults are done (5)")
    parser.add_argument("--short", action="store_true",
                        help="the run of the test faults_short, or with --replicas 2 of"
                             " faults_replicas: seeds and lengths are in plan.py")
    parser.add_argument("--replicas", type=int, default=1, choices=range(1, 10), metavar="N",
                        help="processes of each service and gateway (1); readers ask the gateways in turn")
    options = parser.parse_args()
    if options.short:
        if options.replicas not in SHORT:
            parser.error(f"--short goes with --replicas {' or '.join(map(str, SHORT))}")
        options.seed, seconds = SHORT[options.replicas]
        options.minutes = seconds / 60
    print(f"== Faults: --seed {options.seed} --minutes {options.minutes:g}"
          f" --replicas {options.replicas}", flush=True)
    # Who is told to end takes the stack and the mounts along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    unmount_what_was_left()
    with contextlib.ExitStack() as ends:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="rostrum-faults."))
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o755)
        disks = {}
        for name, size_mib in SMALL_DISKS.items():
            disks[name] = SmallDisk(folder / "state" / name, size_mib)
            ends.callback(disks[name].unmount)
        history = History(folder / "history.jsonl")
        secrets = redaction.watch(Browser)
        stack = Stack(options.build, folder, "--restartable", "--replicas", str(options.replicas),
                      "--env-file", HERE / "faults.env")
        ends.callback(stack.output.close)
        ends.callback(stop, stack, history, options)
        try:
            stack.wait_ready()
            run(stack, history, disks, secrets, options)
        except Exception:
            history.complain(traceback.format_exc())
    return tell(history, options)


if __name__ == "__main__":
    sys.exit(main())
