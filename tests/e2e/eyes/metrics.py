"""Every binary exports what it says, and says what it exports."""

import json
import re
import subprocess

from local_stack import SERVICES, metrics_page

HISTOGRAM_SUFFIXES = ("_bucket", "_sum", "_count")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? [^ ]+$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
# What would make a series for each person, post or request.
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16}|@|\d+\.\d+\.\d+\.\d+")
# A place in the code, "comment_store.Update"; a template's has its arguments, and a
# lambda no name.
PLACE = re.compile(r"[a-z0-9_]+\.[A-Z][A-Za-z0-9]*(<.*>)?")

# What API.md promises, by who has it.
EVERYWHERE = {"grpc_client_started_total", "grpc_client_handled_total",
              "grpc_client_handling_seconds", "process_cpu_seconds_total",
              "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds",
              "build_info"}
SERVED = {"grpc_server_started_total", "grpc_server_handled_total", "grpc_server_handling_seconds",
          "db_pool_connections", "db_query_duration_seconds", "outbox_pending",
          "outbox_oldest_age_seconds"}
OWN = {"account": {"redis_command_duration_seconds"},
       "subscription": {"redis_command_duration_seconds", "trials_started_total",
                        "meter_decisions_total"},
       "content": {"redis_command_duration_seconds", "posts_published_total"},
       "feed": set(),
       "comment": {"redis_command_duration_seconds", "comments_created_total"},
       "gateway": {"http_requests_total", "http_request_duration_seconds",
                   "http_requests_in_flight", "redis_command_duration_seconds"}}


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


def binary(build, name):
    folder = "gateway" if name == "gateway" else "services"
    return f"{build}/{folder}/rostrum-{name}"


def declared_by(build, name):
    # No setting at all: it needs none.
    output = subprocess.run([binary(build, name), "metrics"], env={}, check=True,
                            capture_output=True, text=True, timeout=30).stdout
    families = json.loads(output)
    by_name = {family["name"]: family for family in families}
    assert len(by_name) == len(families), f"{name} declares a metric twice"
    return by_name


def check(journey, settings):
    exposures = []
    for name in SERVICES + ["gateway"]:
        journey.step(f"Metrics of {name}")
        exposed = Exposed(metrics_page(settings[f"{name.upper()}_ADMIN_URL"]))
        declared = declared_by(settings["ROSTRUM_BUILD"], name)
        check_families(name, declared, exposed)
        check_series(exposed)
        check_places(name, exposed)
        check_with_promtool(exposed)
        journey.say(f"{len(declared)} metrics, {len(exposed.samples)} samples")
        exposures.append(exposed)
    return exposures


def check_families(name, declared, exposed):
    assert set(declared) == set(exposed.types), (
        f"declared only: {set(declared) - set(exposed.types)}, "
        f"exported only: {set(exposed.types) - set(declared)}")
    for family in declared.values():
        key = family["name"]
        assert family["type"] == exposed.types[key], family
        assert family["help"] == exposed.helps[key], family
        assert set(family["labels"]) == exposed.labels[key], family
    promised = EVERYWHERE | OWN[name] | (SERVED if name != "gateway" else set())
    assert promised <= set(declared), f"not there: {promised - set(declared)}"


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
        assert rpcs == good, f"no series of OK: {rpcs - good}"
        assert all(service.startswith("rostrum.") for service, _, _ in rpcs), rpcs


def check_places(name, exposed):
    places = {labels["query"] for _, labels in exposed.samples if "query" in labels}
    nameless = {place for place in places if not PLACE.fullmatch(place)}
    assert not nameless, f"queries of {name} without a name: {nameless}"


def check_with_promtool(exposed):
    result = subprocess.run(["promtool", "check", "metrics"], input=exposed.text, text=True,
                            capture_output=True, timeout=60)
    assert result.returncode == 0 and not result.stderr.strip(), result.stdout + result.stderr
