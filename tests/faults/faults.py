#!/usr/bin/python3
"""Faults on a real stack under a recorded workload, and what must be true after.

Starts the stack itself, restartable, its PostgreSQL on a small file system of
its own where one can be mounted. A run is repeated by its seed: the schedule of
faults and what each client chooses come from it.

  tests/faults/faults.py BUILD [--seed N] [--minutes M]
"""

import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e")]

from actors import Author, Commenter, Follower, Newcomer, Payer, Returner, Visitor  # noqa: E402
from checks import Checks  # noqa: E402
from client import wait_until  # noqa: E402
from history import History  # noqa: E402
from local_stack import CHILDREN, Stack, psql  # noqa: E402
from schedule import Faults, ShortFiles, SmallDisk, plan  # noqa: E402
from world import World  # noqa: E402


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
    actors += [Author(world, next(one)), Payer(world, next(one), readers[6:10]),
               Returner(world, next(one), readers)]
    return actors


def heal(stack, faults):
    """All runs and answers again."""
    for name in CHILDREN:
        if not faults.is_running(name):
            faults.start(name)
    wait_until(faults.database_answers, "PostgreSQL answers", 60)


def run(stack, history, disk, seed, seconds):
    settings = stack.settings
    # Its log must find room on a small disk.
    for sql in ("ALTER SYSTEM SET max_wal_size = '96MB'", "SELECT pg_reload_conf()"):
        assert psql(settings["PG_URL"], sql).returncode == 0
    faults = Faults(stack, history, disk)
    faults.disk = disk if disk.mounted else ShortFiles(lambda: faults.pids("postgres"))
    full = "a file system of its own" if disk.mounted else "RLIMIT_FSIZE"
    print(f"   a full disk is made by {full}", flush=True)
    world = World(settings, history)
    actors = actors_of(world, seed)
    for actor in actors:
        actor.start()
    began = time.monotonic()
    doing = []
    for at, what, name, long in plan(seed, seconds):
        time.sleep(max(0, began + at - time.monotonic()))
        print(f"   {time.monotonic() - began:5.1f} s  {what} {name} {long:.1f}", flush=True)
        doing.append(threading.Thread(target=faults.do, args=(what, name, long)))
        doing[-1].start()
    time.sleep(max(0, began + seconds - time.monotonic()))
    for fault in doing:
        fault.join()
    print("== All is up again; clients end what they began", flush=True)
    heal(stack, faults)
    for actor in actors:
        actor.stop.set()
    for actor in actors:
        actor.join(240)
        if actor.is_alive():
            history.complain(f"{actor.kind} does not end")
    print("   " + ", ".join(f"{a.kind} {a.lives}" for a in actors), flush=True)
    print("== What was acknowledged is there, once", flush=True)
    Checks(world).all()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--minutes", type=float, default=5)
    arguments = parser.parse_args()
    print(f"== Faults: --seed {arguments.seed} --minutes {arguments.minutes:g}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rostrum-faults."))
    os.chmod(folder, 0o755)
    disk = SmallDisk(folder / "state" / "postgres")
    history = History(folder / "history.jsonl")
    stack = Stack(arguments.build, folder, "--restartable", "--env-file", HERE / "faults.env")
    try:
        stack.wait_ready()
        run(stack, history, disk, arguments.seed, arguments.minutes * 60)
    except Exception:
        history.complain(traceback.format_exc())
    finally:
        history.file.close()
        if history.wrong:
            kept = pathlib.Path(arguments.build) / "fault-logs" / str(arguments.seed)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(stack.state / "logs", kept, dirs_exist_ok=True)
            shutil.copy(history.path, kept)
        stack.end()
        stack.output.close()
        disk.unmount()
        shutil.rmtree(folder, ignore_errors=True)
    outcomes = {}
    for (_, status), count in history.counts.items():
        outcomes[status] = outcomes.get(status, 0) + count
    print("   answers:", ", ".join(f"{k} x {v}" for k, v in sorted(outcomes.items(), key=str)))
    if history.wrong:
        print(f"FAILED ({len(history.wrong)} wrong); logs and history are in {kept}; again by\n"
              f'  make faults ARGS="--seed {arguments.seed} --minutes {arguments.minutes:g}"')
        return 1
    print("Nothing was lost, nothing happened twice.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
