"""Comments that are durable when they are acknowledged."""

from people import Person, lua_list
from row import Row, find, run, wrk

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
    least = 0.4
    database = "PG_URL_COMMENT"

    def prepare(self):
        assert self.sql("SHOW fsync").strip() == "on", "the stack must be --durable"
        self.people = [Person(self.stack, f"commenter{number}")
                       for number in range(2 if self.small else CLIENTS)]
        self.path = f"/v1/posts/{self.a_post()}/comments"
        self.sql("CREATE TABLE bench_rows (id bigserial PRIMARY KEY, body text NOT NULL,"
                 " create_time timestamptz NOT NULL DEFAULT now())")
        self.at_end.callback(self.sql, "DROP TABLE bench_rows")
        self.insert = self.stack.folder / "insert.sql"
        self.insert.write_text(INSERT)
        self.before = int(self.sql("SELECT count(*) FROM comments"))
        self.acknowledged = self.runs = 0

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
        seconds = max(self.seconds, 5)
        said = run(["pgbench", "-n", "-M", "prepared", "-j1", f"-c{CLIENTS}", f"-T{seconds}",
                    "-f", self.insert, self.stack.settings[self.database]], seconds)
        return float(*find(r"tps = ([\d.]+)", said))

    def check(self):
        """Each acknowledged comment is there once; those under way at the end may be."""
        stored = int(self.sql("SELECT count(*) FROM comments")) - self.before
        assert self.acknowledged <= stored <= self.acknowledged + self.runs * CLIENTS, (
            self.acknowledged, stored)
