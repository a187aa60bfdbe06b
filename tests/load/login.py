"""Log-ins by password, under a flood of them."""

import json
import statistics
import subprocess

from local_stack import wait_until
from people import PASSWORD, Person
from row import CONNECTIONS, Row, find, run, wrk

FLOOD = 32
SCRIPT = """
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function init() good = 0 end
function request()
  return wrk.format("POST", "/v1/sessions", {{
    ["Origin"] = "{origin}", ["Content-Type"] = "application/json" }},
    [==[{body}]==])
end
function response(status) if status == 200 then good = good + 1 end end
function done() for _, thread in ipairs(threads) do print("good " .. thread:get("good")) end end
"""


class Flood(Row):
    def prepare(self):
        # One log-in takes half a second where the machine is busy.
        self.flood_seconds = max(self.seconds, 10)
        self.person = Person(self.stack, self.name)
        self.script = self.stack.folder / "logins.lua"
        self.script.write_text(SCRIPT.format(
            origin=self.url,
            body=json.dumps({"email": self.person.email, "password": PASSWORD})))

    def flood(self):
        """A flood that runs, as a process that says what came of it. Who is turned away
        for now (429, 503) is part of it."""
        flood = self.at_end.enter_context(subprocess.Popen(
            ["wrk", "-t1", f"-c{FLOOD}", f"-d{self.flood_seconds}", "-s", self.script,
             "--timeout", "30", self.url], stdout=subprocess.PIPE, text=True))
        self.at_end.callback(flood.kill)  # of a row that failed meanwhile
        return flood

    def good(self, flood):
        said = flood.communicate(timeout=self.flood_seconds + 60)[0]
        return int(*find(r"good (\d+)", said)) / self.flood_seconds


class LogIn(Flood):
    name = "login"
    what = "log-ins by password, under a flood of them"
    unit = "/s"
    reference = "the hash (Argon2id) alone, on as many threads"
    least = 0.7

    def work(self):
        return self.good(self.flood())

    def limit(self):
        program = self.stack.settings["ROSTRUM_BUILD"] + "/tests/bench_hash"
        return float(run([program, "1", str(self.seconds)], self.seconds))

    def check(self):
        """One more goes as the others did, when its turn comes behind what is left of the
        flood. (The flood's own sessions are long ended: an account has so many.)"""
        wait_until(lambda: self.person.log_in().status == 200, "the log-in after the flood", 60)
        answer = self.person.browser.get("/v1/account")
        assert answer.status == 200, answer


class ReadsUnderFlood(Flood):
    name = "login_reads"
    what = "a post as JSON, while log-ins flood"
    unit = "/s"
    reference = "the same without the flood"
    least = 0.9

    def prepare(self):
        super().prepare()
        self.post = f"{self.url}/v1/posts/{self.a_post()}"
        self.logins = []

    def work(self):
        flood = self.flood()
        rate = wrk(self.post, self.seconds, CONNECTIONS)[0]
        self.logins.append(self.good(flood))
        self.parts["log-ins meanwhile"] = statistics.median(self.logins)
        return rate

    def limit(self):
        return wrk(self.post, self.seconds, CONNECTIONS)[0]

    def check(self):
        assert min(self.logins) > 0, "there was no flood"
