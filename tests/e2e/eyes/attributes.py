"""Every span says what its kind is to say, by OpenTelemetry's semantic conventions 1.27.

Left out on purpose, as deploy/OBSERVABILITY.md has it: url.path and server.address.
"""

import collections

RPC = {"rpc.system", "rpc.service", "rpc.method", "rpc.grpc.status_code"}
MESSAGING = {"messaging.system", "messaging.destination.name", "messaging.operation.name",
             "messaging.operation.type"}

# What a span must say, and what else it may, by its kind and what it is about.
REQUIRED = {
    ("server", "http"): ({"http.request.method", "url.scheme", "http.response.status_code"},
                         {"http.route"}),
    ("server", "rpc"): (RPC, set()),
    ("client", "rpc"): (RPC, set()),
    ("client", "db"): ({"db.system"}, {"db.operation.name", "rostrum.access"}),
    ("producer", "messaging"): (MESSAGING, set()),
    ("consumer", "messaging"): (MESSAGING, set()),
    ("internal", ""): (set(), set()),
}
TYPES = {"producer": "publish", "consumer": "process"}
OURS = "rostrum."  # names that are no convention's


def about(span):
    """What a span is about: the first part of its names."""
    parts = {name.partition(".")[0] for name in span.attributes}
    known = [subject for kind, subject in REQUIRED if kind == span.kind and subject in parts]
    return known[0] if known else ""


def faults(span):
    """What is wrong with the attributes of a span."""
    row = REQUIRED.get((span.kind, about(span)))
    if row is None:
        yield f"is about nothing that a {span.kind} can be about"
        return
    required, possible = row
    names = {name for name in span.attributes if not name.startswith(OURS)}
    failure = {"error.type"} if span.failed else set()
    for name in sorted((required | failure) - names):
        yield f"has no {name}"
    for name in sorted(names - required - possible - failure):
        yield f"has {name}, which is none of its kind"
    operation = span.attributes.get("messaging.operation.type")
    if operation not in (None, TYPES.get(span.kind)):
        yield f"has the operation {operation}"


def check(journey, spans):
    journey.step("Traces: every span has the attributes of its kind")
    kinds = collections.Counter((span.kind, about(span)) for span in spans)
    found = {f"{span}: {fault}" for span in spans for fault in faults(span)}
    assert not found, "\n".join(sorted(found))
    unseen = {row for row in REQUIRED if row[1] and not kinds[row]}
    assert not unseen, f"the journey made no span of {unseen}"
    journey.say(", ".join(f"{count} {kind} {subject}".strip()
                          for (kind, subject), count in sorted(kinds.items())))
