"""Many readers at once, more than any service has threads for."""

from local_stack import metric, wait_until
from row import Row, wrk


class Many(Row):
    name = "many"
    what = "the slowest of five reads, 512 readers at once, none refused"
    unit = "/s"
    reach = "no error"

    def prepare(self):
        self.paths = {"home": "/", "list": "/v1/posts?pageSize=20", "search": "/search?q=a",
                      "metered post": f"/v1/posts/{self.a_post('METERED')}",
                      "comments": f"/v1/posts/{self.a_post()}/comments"}

    def work(self):
        for name, path in self.paths.items():
            # Raises if one answer of all is an error.
            self.parts[name] = wrk(self.url + path, self.seconds, 300 if self.small else 512)[0]
        return min(self.parts.values())

    def check(self):
        """The gateway's queues are as empty as they look."""
        admin = self.stack.settings["GATEWAY_ADMIN_URL"]
        for service in ("content", "comment"):
            series = f'gateway_calls_waiting{{called="{service}"}}'
            wait_until(lambda series=series: metric(admin, series) == 0, f"{series} is 0", 30)

    def reached(self, result):
        return result["figure"] > 0
