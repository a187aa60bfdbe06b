#!/usr/bin/python3
"""Metrics, traces and logs of a whole stack that lives through a journey.

Starts a collector for traces and a stack that sends to it, walks the journey of
tests/e2e, then looks at what was told of it. The stack has certificates, so that
what is told of those is there too.

usage: eyes.py BUILD
"""

import os
import pathlib
import re
import socket
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "support"),
                str(HERE.parents[1] / "deploy")]

import asked
import attributes
import logs
import metrics
from client import Browser
from collector import Collector
from journey import Journey
from local_stack import Stack
from traces import Traces

SETTINGS = """
OTEL_EXPORTER_OTLP_ENDPOINT={url}
OTEL_TRACES_SAMPLER=parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG=1
OTEL_RESOURCE_ATTRIBUTES=deployment.environment=test
LOG_LEVEL=debug
POST_READ_LEASE=1us
"""


def start_stack(build, folder, collector):
    env_file = folder / "eyes.env"
    env_file.write_text(SETTINGS.format(url=collector.url).lstrip())
    return Stack(build, folder, "--tls", "--env-file", HERE.parent / "durations.env",
                 "--env-file", env_file, demo=True)


def refuse_something(settings):
    """What the gateway refuses before it is a request is counted too."""
    host, port = settings["ROSTRUM_URL"].rpartition("/")[2].split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        assert b" 400 " in connection.recv(4096)


def ask_what_promises_leave_out(journey):
    """Probes, assets, pictures: what no step of the journey asks for."""
    visitor = journey.visitor()
    page = visitor.get("/c/long-view").body.decode()  # of the demo data, with pictures
    for path in ("/healthz", "/readyz", *(re.search(f'"({folder}/[^" ]+)', page)[1]
                                          for folder in ("/assets", "/v1/media"))):
        journey.expect(visitor.request("HEAD", path), 200)
        assert visitor.get(path).status == 200, path


def walk(settings, collector):
    secrets = logs.Secrets()
    secrets.watch(Browser)
    journey = Journey(settings, True)
    journey.all()
    refuse_something(settings)
    ask_what_promises_leave_out(journey)
    Traces(journey, collector, settings).check()
    attributes.check(journey, collector.all())
    asked.check(journey, metrics.check(journey, settings))
    passwords = [password for _, password in journey.logins.values()]
    logs.check(journey, settings, secrets, passwords)
    for body in collector.bodies:
        found = secrets.found_in(body)
        assert not found, f"a span holds a {found[0]}: {found[1]}"
    withheld = journey.words_of(b"\n".join(collector.bodies))
    assert not withheld, f"spans hold {withheld}, which is withheld from readers"


def main():
    collector = Collector()
    with tempfile.TemporaryDirectory(prefix="rostrum-eyes.") as folder:
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user
        stack = start_stack(sys.argv[1], pathlib.Path(folder), collector)
        try:
            walk(stack.wait_ready().settings, collector)
        except BaseException:
            print(stack.read_output())
            raise
        finally:
            stack.end()
    print("\nEverything that was told is as it should be.")


if __name__ == "__main__":
    main()
