"""Rules and dashboards ask for label values that there are: a value that has another name
in the code would silence an alert, or let what it leaves out count.

Names of metrics and labels are tests/k8s' own affair, which needs no running stack.
"""

import json
import pathlib
import re

MONITORING = pathlib.Path(__file__).resolve().parents[3] / "k8s" / "components" / "monitoring"
SELECTOR = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\}')
MATCHER = re.compile(r'([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
# What Prometheus adds to all that it is told by a pod.
TARGET = {"job", "namespace", "pod", "container", "endpoint", "instance", "service"}

# Failures of ours have no series before the first, and a journey in good health has none.
FAILED_CODES = ("INTERNAL", "UNKNOWN", "DATA_LOSS", "UNAVAILABLE", "DEADLINE_EXCEEDED")
UNSEEN = {("grpc_server_handled_total", "grpc_code", code) for code in FAILED_CODES} | {
    ("http_requests_total", "code", "5.."),
    # A request that no memory or no place is left for.
    ("http_requests_refused_total", "code", "500"),
    ("http_requests_refused_total", "code", "503"),
    # How a stream of events ends when its reader is stopped.
    ("grpc_client_handled_total", "grpc_code", "CANCELLED"),
}


def texts(folder):
    """All that may hold expressions."""
    for path in sorted(folder.glob("*.yaml")):
        yield path.name, path.read_text(encoding="utf-8")
    for path in sorted(folder.glob("dashboards/*.json")):
        yield from ((path.name, text) for text in strings(json.loads(path.read_text(encoding="utf-8"))))


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def alternatives(operator, value):
    """What a matcher names, each as an expression: "a|b(c|d)" names a, and b(c|d)."""
    if "~" not in operator:
        return [re.escape(value)]
    parts, depth = [""], 0
    for sign in value:
        depth += (sign in "([") - (sign in ")]")
        parts = [*parts, ""] if sign == "|" and depth == 0 else [*parts[:-1], parts[-1] + sign]
    return parts


def asked_values(folder):
    """(metric, label, expression of a value) to the files that ask for it."""
    asked = {}
    for where, text in texts(folder):
        for name, matchers in SELECTOR.findall(text):
            for label, operator, value in MATCHER.findall(matchers):
                if label not in TARGET and "$" not in value:
                    for one in alternatives(operator, value):
                        asked.setdefault((name, label, one), set()).add(where)
    return asked


def faults(exposures, folder=MONITORING):
    """What is asked for and is not there. Of all processes, what each says of itself."""
    names, live = {}, {}
    for exposed in exposures:
        for family, kind in exposed.types.items():
            suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            names |= {family + suffix: family for suffix in suffixes}
        for family, labels in exposed.samples:
            for label, value in labels.items():
                live.setdefault((family, label), set()).add(value)
    asked = {key: files for key, files in asked_values(folder).items() if key[0] in names}
    for (name, label, value), files in sorted(asked.items()):
        there = live.get((names[name], label), set())
        if (name, label, value.replace("\\", "")) in UNSEEN:
            continue
        if not any(re.fullmatch(value, one) for one in there):
            yield (f'{", ".join(sorted(files))}: no series has {name}{{{label}="{value}"}}, '
                   f"only {', '.join(sorted(there))[:400]}")
    for name, label, value in sorted(UNSEEN - {(n, l, v.replace("\\", "")) for n, l, v in asked}):
        yield f'{name}{{{label}="{value}"}} is asked for by nobody and need not be left out'
    # The fixed ones, which hold the promises, are read at all.
    if len(asked) < 30:
        yield f"only {len(asked)} values were found: {sorted(asked)}"


def check(journey, exposures):
    journey.step("Metrics: rules and dashboards ask for values that there are")
    found = list(faults(exposures))
    assert not found, "\n".join(found)
    journey.say(f"{len(asked_values(MONITORING))} values of labels, {len(UNSEEN)} of them unseen")
