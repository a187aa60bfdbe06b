"""Comments that are durable when they are acknowledged."""

import re
import subprocess

from local_stack import psql
from people import Person, lua_list
from row import Row, wrk

CLIENTS = 32
SCRIPT = """
local cookies, run, number = {cookies}, "{run}", 0
function request()
  number = number + 1
  return wrk.format("POST", "{path}", {{
    ["Cookie"] = cookies[1 + number % #cookies], ["Origin"] = "{origin}",
    ["Content-Type"] = "application/json", ["Idempotency-Key"] = run .. "-" .. number,
  }}, '{{"body":"Comment ' .. number .. ' of the benchmark, as long as most are."}}')
end
"""
INSERT = """
INSERT INTO bench_rows (body) VALUES ('Comment of the benchmark, as long as most are, for a row.');
"""


class CreateComment(Row):
    name = "comment"
    what = "comment created over HTTP, durable"
    unit = "/s"
    reference = "pgbench, one row inserted, as many clients"
    reach = "40%"

    def prepare(self):
        self.url = self.stack.settings["ROSTRUM_URL"]
        self.database = self.stack.settings["PG_URL_COMMENT"]
        assert psql(self.database, "SHOW fsync").stdout.strip() == "on", "the stack must be --durable"
        self.people = [Person(self.stack, f"commenter{number}")
                       for number in range(2 if self.small else CLIENTS)]
        posts = self.people[0].browser.get("/v1/posts", accessLevel="ACCESS_LEVEL_PUBLIC").json["posts"]
        self.path = f"/v1/posts/{posts[0]['postId']}/comments"
        self.sql("CREATE TABLE bench_rows (id bigserial PRIMARY KEY, body text NOT NULL,"
                 " create_time timestamptz NOT NULL DEFAULT now())")
        self.insert = self.stack.folder / "insert.sql"
        self.insert.write_text(INSERT)
        self.before = int(self.sql("SELECT count(*) FROM comments"))
        self.acknowledged = self.runs = 0

    def clean_up(self):
        self.sql("DROP TABLE bench_rows")

    def sql(self, text):
        done = psql(self.database, text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def work(self):
        self.runs += 1
        script = self.stack.folder / "comments.lua"
        script.write_text(SCRIPT.format(
            cookies=lua_list(person.cookie for person in self.people), run=f"run{self.runs}",
            path=self.path, origin=self.url))
        rate, requests = wrk(self.url, self.seconds, CLIENTS, script)
        self.acknowledged += requests
        return rate

    def limit(self):
        # A busy disk may commit nothing in a second.
        done = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-j1", f"-c{CLIENTS}", f"-T{max(self.seconds, 5)}",
             "-f", self.insert, self.database], capture_output=True, text=True, check=True).stdout
        return float(re.search(r"tps = ([\d.]+)", done).group(1))

    def check(self):
        """Each acknowledged comment is there once; those under way at the end may be."""
        stored = int(self.sql("SELECT count(*) FROM comments")) - self.before
        assert self.acknowledged <= stored <= self.acknowledged + self.runs * CLIENTS, (
            self.acknowledged, stored)

    def reached(self, result):
        return result["ratio"] >= 0.4
