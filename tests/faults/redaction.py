"""Whether the logs of a run hold nothing of whom it happened to, in bad health too."""

import collections
import json
import re

from logs import ADDRESS, LISTENS, OURS, Secrets, read_logs, require_enough
from search import find_all

FIELDS = {"ts", "level", "service", "msg"}


class Whispers:
    """What was found in which log: how often, and one line for each kind."""

    def __init__(self):
        self.counts = collections.Counter()
        self.lines = {}
        self.looked_at = "nothing"

    def add(self, log, kind, line, times=1):
        self.counts[log, kind] += times
        self.lines.setdefault((log, kind), line[:400].decode(errors="replace"))

    def __str__(self):
        return "\n   ".join(f"{log}.log holds {kind}, {times} times: {self.lines[log, kind]}"
                            for (log, kind), times in sorted(self.counts.items()))


def forms_of(secrets):
    """Every form in which a secret may stand in a log, and what it is."""
    forms = {}
    for kind, values in list(secrets.kinds.items()):
        for value in list(values):
            for form in (value, value.lower(), json.dumps(value)[1:-1]):
                forms[form.encode()] = kind
    return forms


def look_for_secrets(logs, secrets, whispers):
    forms = forms_of(secrets)
    for name, text in logs.items():
        for form, times in find_all(text, [form for form in forms if b"\n" not in form]).items():
            whispers.add(name, f"a secret ({forms[form]})", line_of(text, form), times)


def line_of(text, form):
    place = text.index(form)
    return text[text.rfind(b"\n", 0, place) + 1:].partition(b"\n")[0]


def look_for_addresses(logs, whispers):
    for name, text in logs.items():
        for line in text.splitlines():
            if ADDRESS.search(line) and not any(words in line for words in LISTENS):
                whispers.add(name, "an address", line)


# What libpq writes itself if PostgreSQL ends while it answers a new connection: libpqxx takes over
# what the server says only once the connection is made.
SAID_BY_LIBPQ = re.compile(
    rb"FATAL:  terminating connection due to (unexpected postmaster exit|administrator command)")


def look_at_form(logs, whispers):
    """One JSON object a line, with the fixed fields."""
    for name, text in logs.items():
        service = name.rstrip("-23456789")
        for line in text.splitlines() if service in OURS else ():
            try:
                entry = json.loads(line)
                right = FIELDS <= set(entry) and entry["service"] == service
            except (ValueError, TypeError):
                right = False
            if not right and not SAID_BY_LIBPQ.fullmatch(line):
                whispers.add(name, "a line that is not of the form", line)


def look_through(settings, secrets):
    """All that is wrong in the logs of a stack; empty if nothing is."""
    logs = read_logs(settings)
    require_enough(logs, secrets)
    whispers = Whispers()
    look_for_secrets(logs, secrets, whispers)
    look_for_addresses(logs, whispers)
    look_at_form(logs, whispers)
    lines = sum(text.count(b"\n") for text in logs.values())
    whispers.looked_at = f"{lines} lines, {sum(map(len, secrets.kinds.values()))} secrets"
    return whispers


def secrets_of(world, secrets):
    """With what only the databases and the mails tell: who has an account, and links."""
    secrets.note_mails(world.settings["MAILDIR"])
    for account_id, address in world.rows("ACCOUNT", "SELECT account_id, email FROM accounts"):
        secrets.add("account id", account_id)
        secrets.add("email", address)
    return secrets


def watch(browser_class):
    """Learns what browsers send and get from now on."""
    secrets = Secrets()
    secrets.watch(browser_class)
    return secrets
