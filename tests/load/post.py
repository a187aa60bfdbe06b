"""One post: as JSON through the gateway, and by gRPC from content."""

import struct

from client import Browser
from reference import Reference
from row import Row, find, run, wrk

GET_POST = "/rostrum.content.v1.PostService/GetPost"


class OnePost(Row):
    def prepare(self):
        self.post_id = self.a_post()
        self.reference_server = Reference(self.stack, self.post_id)
        self.at_end.callback(self.reference_server.stop)


class PostAsJson(OnePost):
    name = "post_json"
    what = "a post as JSON through the gateway"
    unit = "/s"
    reference = "a bare Beast server with one typed call to content"
    least = 0.8

    def prepare(self):
        super().prepare()
        self.path = f"/v1/posts/{self.post_id}"

    def work(self):
        return wrk(self.url + self.path, self.seconds)[0]

    def limit(self):
        return wrk(self.reference_server.http + self.path, self.seconds)[0]

    def check(self):
        """Both say the same, but for what is of the moment."""
        ours = Browser(self.url).get(self.path).json
        theirs = Browser(self.reference_server.http).get(self.path).json
        for answer in (ours, theirs):
            assert answer.pop("access")["granted"], answer
            for count in ("viewCount", "uniqueViewCount"):
                answer["summary"].pop(count, None)
        assert ours == theirs, (ours, theirs)


class GetPost(OnePost):
    name = "get_post"
    what = "content.GetPost by gRPC"
    unit = "/s"
    reference = "a sync gRPC server with the same message at hand"
    least = 0.6

    def prepare(self):
        super().prepare()
        message = b"\x0a" + bytes([len(self.post_id)]) + self.post_id.encode()
        self.body = self.stack.folder / "get_post"
        self.body.write_bytes(b"\0" + struct.pack(">I", len(message)) + message)
        self.bytes = {}

    def h2load(self, target):
        """Calls a second of 64 at a time; gRPC's own status is in trailers that h2load
        does not look at, so `check` compares what came."""
        said = run(["h2load", "-t1", "-c8", "-m8", "-D", str(self.seconds), "-d", self.body,
                    "-H", "content-type: application/grpc", "-H", "te: trailers",
                    f"http://{target}{GET_POST}"], self.seconds)
        requests, failed = map(int, find(r"(\d+) succeeded, (\d+) failed", said))
        assert failed == 0 and requests > 0, said
        (data,) = find(r"traffic: .*\((\d+)\) data", said)
        calls, before = self.bytes.get(target, (0, 0))
        self.bytes[target] = calls + requests, before + int(data)
        return float(*find(r"([\d.]+) req/s", said))

    def work(self):
        return self.h2load(self.stack.settings["CONTENT_TARGET"])

    def limit(self):
        return self.h2load(self.reference_server.grpc)

    def check(self):
        """A call that fails has no data."""
        ours, theirs = (data / calls for calls, data in self.bytes.values())
        assert 0.97 < ours / theirs < 1.03 and ours > 500, self.bytes
