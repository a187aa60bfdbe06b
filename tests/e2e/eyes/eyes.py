#!/usr/bin/python3
"""Metrics, traces and logs of a whole stack that lives through a journey.

Starts a collector for traces and a stack that sends to it, walks the journey of
tests/e2e, then looks at what was told of it. The stack has certificates, so that
what is told of those is there too.

usage: eyes.py BUILD
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import attributes
import logs
import metrics
from client import Browser, read_settings, wait_until
from collector import Collector
from journey import Journey
from traces import Traces

SETTINGS = """
OTEL_EXPORTER_OTLP_ENDPOINT={url}
OTEL_TRACES_SAMPLER=parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG=1
OTEL_RESOURCE_ATTRIBUTES=deployment.environment=test
LOG_LEVEL=debug
POST_READ_LEASE=1us
"""


class Stack:
    def __init__(self, build, folder, collector):
        env_file = folder / "eyes.env"
        env_file.write_text(SETTINGS.format(url=collector.url).lstrip())
        self.state = folder / "state"
        self.process = subprocess.Popen(
            [HERE.parents[2] / "deploy" / "local" / "up", "--ephemeral", "--tls", "--build", build,
             "--state", self.state, "--env-file", HERE.parent / "durations.env",
             "--env-file", env_file], stdin=subprocess.DEVNULL)

    def settings(self):
        path = self.state / "stack.env"

        def ready():
            assert self.process.poll() is None, "the stack did not start"
            return path.exists()

        wait_until(ready, "the stack", 300)
        return read_settings(path)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def refuse_something(settings):
    """What the gateway refuses before it is a request is counted too."""
    host, port = settings["ROSTRUM_URL"].rpartition("/")[2].split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        assert b" 400 " in connection.recv(4096)


def walk(settings, collector):
    secrets = logs.Secrets()
    secrets.watch(Browser)
    journey = Journey(settings, True)
    journey.all()
    refuse_something(settings)
    Traces(journey, collector, settings).check()
    attributes.check(journey, collector.all())
    metrics.check(journey, settings)
    passwords = [password for _, password in journey.logins.values()]
    logs.check(journey, settings, secrets, passwords)
    for body in collector.bodies:
        found = secrets.found_in(body)
        assert not found, f"a span holds a {found[0]}: {found[1]}"


def main():
    os.environ["PYTHONUNBUFFERED"] = "1"
    collector = Collector()
    with tempfile.TemporaryDirectory(prefix="rostrum-eyes.") as folder:
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user
        stack = Stack(sys.argv[1], pathlib.Path(folder), collector)
        try:
            walk(stack.settings(), collector)
        finally:
            stack.stop()
    print("\nEverything that was told is as it should be.")


if __name__ == "__main__":
    main()
