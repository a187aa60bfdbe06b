"""Tests of a stack whose gateway and services have certificates.

usage: up --ephemeral --tls --no-demo -- tls_test.py [unittest arguments]
Takes the stack's addresses from the environment.
"""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from local_stack import LOCAL, SERVICES, metric, wait_until  # noqa: E402

STATE = pathlib.Path(os.environ["ROSTRUM_STATE"])
HEALTH = pathlib.Path(os.environ["ROSTRUM_BUILD"]) / "deploy" / "rostrum-health"
LIST_POSTS = "/rostrum.content.v1.PostService/ListPosts"
VISITOR = "x-rostrum-visitor: " + "A" * 22 + "." + "A" * 43
NETWORK = "x-rostrum-network: n1"


def target(service):
    return os.environ[service.upper() + "_TARGET"]


def run(*command, **environment):
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], **environment},
    )


def pki(state, *names):
    done = run(LOCAL / "pki", "renew", state, *names)
    assert done.returncode == 0, done.stderr


def folder_of(name, state=STATE):
    return str(state / "tls" / name)


def call(tls_dir, service, method, *headers):
    """A gRPC call with an empty message over HTTP/2: what came back of its status."""
    options = ["--cacert", folder_of("gateway") + "/ca.crt"]
    if tls_dir:
        options += ["--cert", tls_dir + "/tls.crt", "--key", tls_dir + "/tls.key"]
    for header in ("content-type: application/grpc", "te: trailers", *headers):
        options += ["-H", header]
    with tempfile.NamedTemporaryFile() as message:
        message.write(struct.pack(">BI", 0, 0))
        message.flush()
        url = f"https://{target(service)}{method}"
        body = f"@{message.name}"
        done = run("curl", "-sS", "--http2", "-D-", "-o/dev/null", *options, "--data-binary", body, url)
    status = re.search(r"^grpc-status: (\d+)", done.stdout, re.M | re.I)
    text = re.search(r"^grpc-message: (.*?)\r?$", done.stdout, re.M | re.I)
    return {
        "status": int(status.group(1)) if status else None,
        "message": text.group(1) if text else "",
        "error": done.stderr,
    }


def serial_served_by(service):
    """The serial number of the certificate that a new connection gets."""
    gateway = folder_of("gateway")
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", target(service), "-alpn", "h2",
         "-cert", gateway + "/tls.crt", "-key", gateway + "/tls.key"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60,
    ).stdout
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", shown, re.S)
    if pem is None:
        return None
    return run("sh", "-c", 'echo "$PEM" | openssl x509 -noout -serial', PEM=pem.group()).stdout.strip()


def serial_in(name):
    return run("openssl", "x509", "-noout", "-serial", "-in", folder_of(name) + "/tls.crt").stdout.strip()


def not_after(name, file="tls.crt"):
    return metric(os.environ[name.upper() + "_ADMIN_URL"],
                  'tls_certificate_not_after_timestamp_seconds{file="%s"}' % file)


def end_of(path):
    """When a certificate in a file ends, in seconds."""
    text = run("openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", path).stdout
    shown = text.strip().partition("=")[2]
    return float(run("date", "-u", "-d", shown, "+%s").stdout)


class Refused(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.elsewhere = pathlib.Path(folder)

    def stranger(self):
        """The gateway's certificate, of another authority, that believes ours."""
        pki(self.elsewhere, "gateway")
        stranger = self.elsewhere / "stranger"
        stranger.mkdir()
        for file in ("tls.crt", "tls.key"):
            shutil.copy(pathlib.Path(folder_of("gateway", self.elsewhere)) / file, stranger)
        shutil.copy(folder_of("gateway") + "/ca.crt", stranger)
        return str(stranger)

    def test_who_has_no_certificate_of_ours(self):
        for service in SERVICES:
            good = run(HEALTH, target(service), 20, TLS_DIR=folder_of("gateway"))
            self.assertEqual(good.returncode, 0, good.stderr)
            for tls_dir in ("", self.stranger()):
                with self.subTest(service=service, tls_dir=tls_dir):
                    self.assertEqual(run(HEALTH, target(service), 1, TLS_DIR=tls_dir).returncode, 1)
                    self.assertIsNone(call(tls_dir, service, LIST_POSTS)["status"])
            shutil.rmtree(self.elsewhere)
            self.elsewhere.mkdir()

    def test_a_visitor_pass_of_another_service(self):
        self.assertEqual(call(folder_of("gateway"), "content", LIST_POSTS, VISITOR)["status"], 0)
        for service in ("account", "comment"):
            for header in (VISITOR, NETWORK):
                answer = call(folder_of(service), "content", LIST_POSTS, header)
                self.assertEqual(answer["status"], 7, answer)
                self.assertIn("only the gateway", answer["message"])


class Served(unittest.TestCase):
    def test_health_in_plaintext_and_nothing_else(self):
        for service in SERVICES:
            health = os.environ[service.upper() + "_HEALTH_TARGET"]
            self.assertEqual(run(HEALTH, health, 20).returncode, 0)
            page = run("curl", "-sS", "--http2-prior-knowledge", "-D-", "-o/dev/null",
                       "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "",
                       f"http://{health}{LIST_POSTS}")
            self.assertRegex(page.stdout, r"grpc-status: 12")

    def test_reflection(self):
        answer = call(folder_of("gateway"), "content",
                      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        self.assertNotIn(answer["status"], (None, 12))

    def test_the_end_of_certificates(self):
        for name in SERVICES + ["gateway"]:
            for file in ("tls.crt", "ca.crt"):
                self.assertEqual(not_after(name, file), end_of(f"{folder_of(name)}/{file}"))


class Databases(unittest.TestCase):
    def test_services_speak_tls_with_theirs(self):
        shown = run("psql", "-XAt", os.environ["PG_URL"], "-c",
                    "SELECT usename, bool_and(ssl) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
                    " WHERE usename LIKE 'rostrum%' GROUP BY usename ORDER BY usename")
        self.assertEqual(shown.stdout.split(), [f"rostrum_{name}|t" for name in sorted(SERVICES)])


class Renewed(unittest.TestCase):
    def test_certificates_are_taken_into_use_without_a_failed_request(self):
        url = os.environ["ROSTRUM_URL"] + "/v1/posts"
        failed, count, done = [], [0], threading.Event()

        def keep_asking():
            while not done.is_set():
                try:
                    urllib.request.urlopen(url, timeout=30).close()
                except OSError as error:
                    failed.append(repr(error))
                count[0] += 1
                done.wait(0.05)  # no faster than a network may read

        pids = {name: (STATE / "pids" / name).read_text() for name in SERVICES + ["gateway"]}
        asking = threading.Thread(target=keep_asking)
        asking.start()
        try:
            former = {name: serial_in(name) for name in pids}
            pki(STATE)
            for service in SERVICES:
                self.assertNotEqual(serial_in(service), former[service])
                wait_until(lambda s=service: serial_served_by(s) == serial_in(s),
                           f"{service}'s new certificate")
            wait_until(lambda: not_after("gateway") == end_of(folder_of("gateway") + "/tls.crt"), "the gateway's")
            asked = count[0]
            wait_until(lambda: count[0] > asked + 20, "more requests")
        finally:
            done.set()
            asking.join()
        self.assertEqual(failed, [])
        self.assertEqual(pids, {name: (STATE / "pids" / name).read_text() for name in pids})


if __name__ == "__main__":
    unittest.main()
