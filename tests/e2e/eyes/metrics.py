"""Every binary exports what it says, and says what it exports."""

import re
import subprocess

from local_stack import SERVICES, metrics_page
from metrics_table import declared_by

HISTOGRAM_SUFFIXES = ("_bucket", "_sum", "_count")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? [^ ]+$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
# What would make a series for each person, post or request.
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16}|@|\d+\.\d+\.\d+\.\d+")
# A place in the code, "comment_store.Update"; a template's has its arguments, and a
# lambda no name.
PLACE = re.compile(r"[a-z0-9_]+\.[A-Z][A-Za-z0-9]*(<.*>)?")


class Exposed:
    """What a /metrics says: families with type, help and labels, and samples."""

    def __init__(self, text):
        self.text = text
        self.types, self.helps, self.labels, self.samples = {}, {}, {}, []
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name, _, help_text = line[7:].partition(" ")
                self.helps[name] = help_text
            elif line.startswith("# TYPE "):
                name, kind = line[7:].split(" ")
                self.types[name] = kind
            elif line:
                self.add(*SAMPLE.match(line).groups())

    def add(self, name, labels):
        labels = dict(LABEL.findall(labels or ""))
        family = self.family(name)
        self.samples.append((family, labels))
        names = set(labels) - {"le", "quantile"}
        assert self.labels.setdefault(family, names) == names, f"{name} has labels {names}"

    def family(self, name):
        if name in self.types:
            return name
        for suffix in HISTOGRAM_SUFFIXES:
            if name.endswith(suffix) and name[: -len(suffix)] in self.types:
                return name[: -len(suffix)]
        raise AssertionError(f"{name} has no TYPE")


def check(journey, settings):
    exposures = []
    for name in SERVICES + ["gateway"]:
        journey.step(f"Metrics of {name}")
        exposed = Exposed(metrics_page(settings[f"{name.upper()}_ADMIN_URL"]))
        declared = declared_by(settings["ROSTRUM_BUILD"], name)
        check_families(declared, exposed)
        check_series(exposed)
        check_places(name, exposed)
        check_with_promtool(exposed)
        journey.say(f"{len(declared)} metrics, {len(exposed.samples)} samples")
        exposures.append(exposed)
    return exposures


def check_families(declared, exposed):
    names = {family["name"] for family in declared}
    assert len(names) == len(declared), "a metric is declared twice"
    assert names == set(exposed.types), (
        f"declared only: {names - set(exposed.types)}, exported only: {set(exposed.types) - names}")
    for family in declared:
        key = family["name"]
        assert family["type"] == exposed.types[key], family
        assert family["help"] == exposed.helps[key], family
        assert set(family["labels"]) == exposed.labels[key], family


def check_series(exposed):
    for family, labels in exposed.samples:
        for label, value in labels.items():
            if label not in ("le", "quantile", "version"):
                assert not ID.search(value), f"{family} has an id in {label}: {value}"
    for side in ("server", "client"):
        rpcs = {tuple(labels[k] for k in ("grpc_service", "grpc_method", "grpc_type"))
                for family, labels in exposed.samples if family == f"grpc_{side}_started_total"}
        good = {tuple(labels[k] for k in ("grpc_service", "grpc_method", "grpc_type"))
                for family, labels in exposed.samples
                if family == f"grpc_{side}_handled_total" and labels["grpc_code"] == "OK"}
        assert rpcs == good, f"one has no series of OK, or only that: {rpcs ^ good}"
        assert all(service.startswith("rostrum.") for service, _, _ in rpcs), rpcs


def check_places(name, exposed):
    places = {labels["query"] for _, labels in exposed.samples if "query" in labels}
    nameless = {place for place in places if not PLACE.fullmatch(place)}
    assert not nameless, f"queries of {name} without a name: {nameless}"


def check_with_promtool(exposed):
    result = subprocess.run(["promtool", "check", "metrics"], input=exposed.text, text=True,
                            capture_output=True, timeout=60)
    assert result.returncode == 0 and not result.stderr.strip(), result.stdout + result.stderr
