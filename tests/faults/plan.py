"""The schedule of a run: what is done to what, and when. All of it comes from the seed."""

import random

from local_stack import SERVICES

STORES = ["redis-state", "redis-cache", "postgres"]
# Done to every process before any of it is done to one again.
WAYS = ("kill", "pause", "restart")
# What is locked to make a database slow: service and tables.
LOCKS = ("comment.comments", "feed.follows", "content.posts", "subscription.trials",
         "account.sessions")
# Done in between, each before one of them is done again.
EXTRAS = ("take_mail_away", "pause mail", "stutter postgres", "stutter redis-state", "lock",
          "fill_disk postgres", "fill_disk redis-state", "long pause", "pause_then_kill")
# For how long, in seconds at the most.
LONGEST = {"kill": 1.5, "pause": 3, "restart": 0, "take_mail_away": 4, "lock": 4, "stutter": 3,
           "fill_disk": 3, "pause_then_kill": 6}
# Longer than any deadline: whoever waits for it has given up by then.
LONG_PAUSE = 20
# The runs of `faults_short` and `faults_replicas`, by how many processes there are of each:
# seed and seconds. They do to every process whatever is done to processes, and each of the
# extras (suite_test.py).
SHORT = {1: (263, 60), 2: (352, 90)}


def processes_of(replicas=1):
    """The names of all processes that faults are done to."""
    first = SERVICES + ["gateway"]
    further = [f"{name}-{number}" for number in range(2, replicas + 1) for name in first]
    return first + further + STORES


def deck(chance, cards):
    """Draws for ever, all of them before one comes again."""
    while True:
        yield from chance.sample(cards, len(cards))


def ways_of_all(chance, processes):
    """Every process once in each round, in another way each time."""
    while True:
        ways = {name: chance.sample(WAYS, len(WAYS)) for name in processes}
        for number in range(len(WAYS)):
            for name in chance.sample(processes, len(processes)):
                yield ways[name][number], name


def extras_of_all(chance, processes):
    locked, paused, killed = (deck(chance, of) for of in (LOCKS, processes, processes))
    for extra in deck(chance, EXTRAS):
        if extra == "lock":
            yield "lock", next(locked)
        elif extra == "long pause":
            yield "long pause", next(paused)
        elif extra == "pause_then_kill":
            yield "pause_then_kill", next(killed)
        elif extra == "take_mail_away":
            yield "take_mail_away", "mail"
        else:
            what, name = extra.split()
            yield what, name


def plan(seed, seconds, processes):
    """The steps: (when to begin, after the start; what; of what; how long)."""
    chance = random.Random(seed)
    usual, extra = ways_of_all(chance, processes), extras_of_all(chance, processes)
    steps = []
    when = chance.uniform(0.5, 1.5)
    while when < seconds:
        what, name = next(extra if len(steps) % 3 == 2 else usual)
        if what == "long pause" and when + LONG_PAUSE > seconds:
            what = "pause"  # a short run has no time for it
        if what == "long pause":
            what, long = "pause", LONG_PAUSE
        else:
            long = chance.uniform(0.1, LONGEST[what]) if LONGEST[what] else 0
        steps.append((when, what, name, long))
        when += chance.uniform(0.6, 2.4)
    return steps
