"""The programs that rows are measured beside."""

import subprocess


class Reference:
    """bench_reference, which answers one post over HTTP and gRPC."""

    def __init__(self, stack, post_id):
        settings = stack.settings
        self.process = subprocess.Popen(
            [settings["ROSTRUM_BUILD"] + "/tests/bench_reference", settings["CONTENT_TARGET"],
             post_id, "2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        http, grpc = self.process.stdout.readline().split()
        self.http = f"http://127.0.0.1:{http}"
        self.grpc = f"127.0.0.1:{grpc}"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
