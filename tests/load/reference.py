"""The programs that rows are measured beside."""

import subprocess


class Reference:
    """bench_reference, which answers one post over HTTP and gRPC."""

    def __init__(self, stack, post_id):
        settings = stack.settings
        self.process = subprocess.Popen(
            [settings["ROSTRUM_BUILD"] + "/tests/bench_reference", settings["CONTENT_TARGET"],
             post_id, "2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = self.process.stdout.readline().split()
        assert len(ports) == 2, "bench_reference does not start"
        self.http = f"http://127.0.0.1:{ports[0]}"
        self.grpc = f"127.0.0.1:{ports[1]}"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
