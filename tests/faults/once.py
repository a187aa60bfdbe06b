"""Whether every event was applied exactly once: consumers are watched from inside
their databases, by triggers of this test.

A consumer's position and the effects of the events up to it are to be one transaction.
So each move of a position is written down with its transaction, and so is each row
that only the consumer writes; afterwards the moves must form one chain, and in each
of them there must be the effects of its events, no more and no less.
"""

import bisect
import collections

# (epoch, xid, id) as they stand in event_position.
Move = collections.namedtuple("Move", "old new tx")
Effect = collections.namedtuple("Effect", "key tx")
Event = collections.namedtuple("Event", "place key")

CONSUMERS = (("ACCOUNT", "subscription"), ("SUBSCRIPTION", "account"), ("CONTENT", "subscription"),
             ("FEED", "content"), ("FEED", "account"), ("COMMENT", "account"))

# Rows that nobody but the consumer writes. `key` makes the key of the event that a row
# is the effect of. `exactly`: each event writes one row, else one at most (the name of
# somebody who has never commented). What handlers of requests write too is left out:
# feed's targets, the first name of a commenter, and trials, which subscription begins by
# account's events if the request to it failed; each is told once (checks.py).
Watched = collections.namedtuple("Watched", "consumer producer table when key types exactly")
WATCHED = (
    Watched("CONTENT", "subscription", "entitlements", "INSERT OR UPDATE OR DELETE",
            "r.account_id", ("EntitlementChanged",), True),
    Watched("FEED", "content", "posts", "INSERT OR UPDATE OR DELETE", "r.post_id",
            ("PostPublished", "PostUnpublished"), True),
    Watched("FEED", "account", "member_names", "INSERT OR UPDATE", "r.account_id",
            ("ProfileChanged",), True),
    Watched("COMMENT", "account", "commenters", "UPDATE OF display_name", "r.account_id",
            ("ProfileChanged",), False),
    # Of the mails those that tell of a trial's end, by whom they are to.
    Watched("ACCOUNT", "subscription", "mails", "INSERT",
            "(SELECT account_id FROM accounts WHERE email = r.recipient"
            " AND position('ends soon'::bytea IN r.bytes) > 0)", ("TrialEnding",), True),
)

WATCH_POSITION = """
CREATE SCHEMA watch;
CREATE TABLE watch.moves (
  number bigserial, producer text, old_epoch uuid, old_xid xid8, old_id bigint,
  new_epoch uuid, new_xid xid8, new_id bigint, tx xid8 DEFAULT pg_current_xact_id());
CREATE TABLE watch.effects (
  number bigserial, source text, key text, tx xid8 DEFAULT pg_current_xact_id());
CREATE FUNCTION watch.moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO watch.moves (producer, old_epoch, old_xid, old_id, new_epoch, new_xid, new_id)
  VALUES (NEW.producer, OLD.epoch, OLD.xid, OLD.id, NEW.epoch, NEW.xid, NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER INSERT OR UPDATE ON event_position
  FOR EACH ROW EXECUTE FUNCTION watch.moved();
"""

WATCH_TABLE = """
CREATE FUNCTION watch.{table}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  r {table};
  key text;
BEGIN
  IF TG_OP = 'DELETE' THEN r := OLD; ELSE r := NEW; END IF;
  key := {key};
  IF key IS NOT NULL THEN
    INSERT INTO watch.effects (source, key) VALUES ('{table}', key);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER {when} ON {table} FOR EACH ROW EXECUTE FUNCTION watch.{table}();
"""


def watch(run):
    """Has all consumers watched from now on; `run(service, sql)` runs statements there."""
    for service in sorted({service for service, _ in CONSUMERS}):
        tables = [WATCH_TABLE.format(table=w.table, key=w.key, when=w.when)
                  for w in WATCHED if w.consumer == service]
        run(service, "BEGIN;" + WATCH_POSITION + "".join(tables) + "COMMIT;")


def broken_chain(moves, stands):
    """What is wrong with a position's moves, in the order of their commits, which lead
    to where it stands now."""
    wrong = []
    at = None
    for move in moves:
        if at is not None and move.old != at:
            wrong.append(f"{move} begins where the one before did not end: {at}")
        if move.old is not None and move.old[0] == move.new[0] and not move.old[1:] < move.new[1:]:
            wrong.append(f"{move} does not go forward")
        at = move.new
    if at != stands:
        wrong.append(f"it stands at {stands}, which no move led to: {at}")
    return wrong


def misapplied(moves, effects, events, exactly):
    """Effects that are not those of the events which a position moved over with them.
    Events beyond the last move are still to come."""
    moving = {move.tx for move in moves}
    wrong = [f"{effect} outside of what moved the position" for effect in effects
             if effect.tx not in moving]
    steps = sorted((move.new[1:], move.tx) for move in moves)
    ends = [end for end, _ in steps]
    wanted = collections.Counter()
    for event in events:
        number = bisect.bisect_left(ends, event.place)
        watched = number < len(ends) and (moves[0].old is None or event.place > moves[0].old[1:])
        if watched:
            wanted[event.key, steps[number][1]] += 1
    done = collections.Counter((effect.key, effect.tx) for effect in effects)
    for key, tx in sorted(wanted.keys() | done.keys()):
        times, right = done[key, tx], wanted[key, tx]
        if tx not in moving:
            continue
        if times > right or (exactly and times < right):
            wrong.append(f"{right} events of {key} had {times} effects in transaction {tx}")
    return wrong


# In one statement, so that it is of one moment: the work may go on meanwhile.
SEEN = """
SELECT 'move', number, producer, old_epoch::text, old_xid::text, old_id::text,
       new_epoch::text, new_xid::text, new_id::text, tx::text FROM watch.moves
UNION ALL SELECT 'effect', number, source, key, '', '', '', '', '', tx::text FROM watch.effects
UNION ALL SELECT 'stands', 0, producer, epoch::text, xid::text, id::text, '', '', '', ''
FROM event_position ORDER BY 1, 2
"""


class Seen:
    """What the triggers of a database wrote down, and where its positions stand."""

    def __init__(self, rows):
        self.moves = collections.defaultdict(list)  # by producer
        self.effects = collections.defaultdict(list)  # by table
        self.stands = {}  # by producer
        for what, _, name, *values in rows:
            if what == "move":
                self.moves[name].append(Move(position(values[0:3]), position(values[3:6]), int(values[6])))
            elif what == "effect":
                self.effects[name].append(Effect(values[0], int(values[6])))
            else:
                self.stands[name] = position(values[0:3])


def read_events(rows, watched):
    types = " OR ".join(f"type LIKE '%.{name}'" for name in watched.types)
    return [Event((int(xid), int(number)), key) for xid, number, key in rows(
        watched.producer.upper(), f"SELECT xid, id, key FROM outbox WHERE {types} ORDER BY xid, id")]


def look(rows):
    """All that is wrong; and how many moves of each position and effects in each table were
    looked at. `rows(service, sql)` queries a database."""
    found, moves, effects = [], {}, {}
    seen = {service: Seen(rows(service, SEEN)) for service in sorted({c for c, _ in CONSUMERS})}
    for consumer, producer in CONSUMERS:
        moved = seen[consumer].moves[producer]
        name = f"{consumer.lower()} of {producer}"
        moves[name] = len(moved)
        found += [f"{name}: {text}"
                  for text in broken_chain(moved, seen[consumer].stands.get(producer))]
    for watched in WATCHED:
        done = seen[watched.consumer].effects[watched.table]
        name = f"{watched.consumer.lower()}, {watched.table}"
        effects[name] = len(done)
        found += [f"{name}: {text}" for text in misapplied(
            seen[watched.consumer].moves[watched.producer], done, read_events(rows, watched),
            watched.exactly)]
    return found, moves, effects


def position(row):
    """A position as it was read; None for that of a row that was not there before."""
    return (row[0], int(row[1]), int(row[2])) if row[0] else None
