"""Many readers at once, more than any service has threads for."""

from client import Browser
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

    def reached(self, result):
        return result["figure"] > 0
