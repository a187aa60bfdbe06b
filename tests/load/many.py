"""Many readers at once, more than any service has threads for."""

from client import Browser
from local_stack import metric, wait_until
from row import Row, wrk


class Many(Row):
    name = "many"
    what = "the slowest of five reads, 512 readers at once, none refused"
    unit = "/s"
    reach = "no error"

    def prepare(self):
        self.url = self.stack.settings["ROSTRUM_URL"]
        post = {level: Browser(self.url).get("/v1/posts", accessLevel=f"ACCESS_LEVEL_{level}")
                .json["posts"][0]["postId"] for level in ("PUBLIC", "METERED")}
        self.paths = ("/", "/v1/posts?pageSize=20", "/search?q=a", f"/v1/posts/{post['METERED']}",
                      f"/v1/posts/{post['PUBLIC']}/comments")

    def work(self):
        rates = {}
        for path in self.paths:
            # Raises if one answer of all is an error.
            rates[path] = wrk(self.url + path, self.seconds, 300 if self.small else 512)[0]
        print(rates)
        return min(rates.values())

    def check(self):
        """The gateway's queues are as empty as they look."""
        admin = self.stack.settings["GATEWAY_ADMIN_URL"]
        for service in ("content", "comment"):
            series = f'gateway_calls_waiting{{called="{service}"}}'
            wait_until(lambda series=series: metric(admin, series) == 0, f"{series} is 0", 30)

    def reached(self, result):
        return result["figure"] > 0
