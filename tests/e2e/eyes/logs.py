"""Log lines say what happened, and nothing of whom it happened to."""

import collections
import email
import email.policy
import glob
import json
import os
import re
import urllib.parse

from local_stack import SERVICES

OURS = SERVICES + ["gateway"]
ADDRESS = re.compile(rb"(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])")
# PostgreSQL and Redis name the address that they listen on, once.
LISTENS = (b"listening on IPv4 address", b"Running mode=")


class Secrets:
    """What a journey sends and gets that no log may hold, by watching its browsers."""

    # No codes: six digits are found by chance.
    KEYS = {"password", "newPassword", "currentPassword", "email", "newEmail", "token", "secret",
            "body", "markdown", "displayName", "title", "bio",
            "current", "display_name"}  # these two of forms
    LEAST = 6  # shorter ones are found by chance

    def __init__(self):
        self.kinds = collections.defaultdict(set)

    def watch(self, browser_class):
        request = browser_class.request

        def watched(browser, method, path, body=None, headers=None, raw=None):
            self.note("sent", body)
            self.note("sent", dict(urllib.parse.parse_qsl((raw or b"").decode(errors="replace"))))
            answer = request(browser, method, path, body, headers, raw)
            for value in browser.cookies.values():
                self.add("cookie", value)
            self.add("bearer", browser.bearer)
            return answer

        browser_class.request = watched

    def note_mails(self, maildir):
        """The links in the mails that were caught."""
        for path in glob.glob(os.path.join(maildir, "new", "*")):
            with open(path, "rb") as file:
                mail = email.message_from_binary_file(file, policy=email.policy.default)
            text = mail.get_body(("plain",)).get_content()
            for token in re.findall(r"[?&]token=([A-Za-z0-9_-]+)", text):
                self.add("token", token)

    def note(self, key, value):
        if isinstance(value, dict):
            for inner_key, inner in value.items():
                self.note(inner_key, inner)
        elif isinstance(value, str) and key in self.KEYS:
            self.add(key, value)

    def add(self, kind, value):
        if value and len(value) >= self.LEAST:
            self.kinds[kind].add(value)
            # A pass or token may be logged in part.
            for part in value.split("."):
                if kind in ("cookie", "bearer") and len(part) >= 16:
                    self.kinds[kind].add(part)

    def found_in(self, text):
        for kind, values in self.kinds.items():
            for value in values:
                for form in {value, value.lower(), json.dumps(value)[1:-1]}:
                    if form.encode() in text:
                        return kind, value
        return None


def read_logs(settings):
    logs = {}
    for path in glob.glob(os.path.join(settings["ROSTRUM_LOGS"], "*.log")):
        with open(path, "rb") as file:
            logs[os.path.basename(path)[: -len(".log")]] = file.read()
    return logs


def entries_of(log):
    """The lines of a program of ours, whose last it may still be writing."""
    return map(json.loads, log.rpartition(b"\n")[0].splitlines())


def require_enough(logs, secrets):
    """That there is something to look through, and something to look for."""
    lacking = {*OURS, "postgres", "mail", "redis-state", "redis-cache"} - set(logs)
    lacking |= {name for name in OURS if not logs.get(name)}
    assert not lacking, f"no logs of {lacking}"
    for kind in ("password", "email", "token", "cookie", "body"):
        assert secrets.kinds[kind], f"nothing that was done showed a {kind}"


def check(journey, settings, secrets, passwords):
    logs = read_logs(settings)
    check_lines(journey, logs)
    for password in passwords:
        secrets.add("password", password)
    secrets.note_mails(settings["MAILDIR"])
    check_nobody(journey, logs, secrets)


def check_lines(journey, logs):
    journey.step("Logs: one JSON object a line, with the fixed fields")
    rpcs = https = 0
    for name in OURS:
        for entry in entries_of(logs[name]):
            assert {"ts", "level", "service", "msg"} <= set(entry), entry
            assert entry["service"] == name, entry
            if entry["msg"] == "rpc":
                rpcs += 1
                assert {"trace_id", "span_id", "request_id", "grpc.method", "grpc.code",
                        "duration_ms", "caller"} <= set(entry), entry
                assert (entry["caller"] != "account") or len(entry["subject"]) == 16, entry
            elif entry["msg"] == "http":
                https += 1
                assert {"http.method", "http.route", "http.status", "duration_ms"} <= set(entry)
                assert "?" not in entry["http.route"], entry
    assert rpcs > 100 and https > 100, (rpcs, https)
    journey.say(f"{https} lines of HTTP requests, {rpcs} of RPCs")


def check_nobody(journey, logs, secrets):
    journey.step("Logs: nobody in any of them")
    require_enough(logs, secrets)
    for name, text in logs.items():
        found = secrets.found_in(text)
        assert not found, f"{name}.log holds a {found[0]}: {found[1]}"
        for line in text.splitlines():
            if not any(words in line for words in LISTENS):
                assert not ADDRESS.search(line), f"{name}.log holds an address: {line}"
    count = sum(len(values) for values in secrets.kinds.values())
    journey.say(f"none of {count} passwords, mail addresses, tokens, texts; no IP address")
