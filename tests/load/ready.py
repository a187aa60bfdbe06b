"""How soon it all stands after a stop."""

import pathlib
import statistics
import tempfile
import time

from local_stack import Stack
from row import Row


class Ready(Row):
    name = "ready"
    what = "all of it ready after a start, databases and Redis too"
    unit = "ms"
    reach = "< 3,000 ms"

    def work(self):
        times = []
        with tempfile.TemporaryDirectory(prefix="rostrum-ready.") as folder:
            pathlib.Path(folder).chmod(0o755)
            # The first makes the databases, which is no start.
            for _ in range(2 if self.small else 4):
                begin = time.monotonic()
                stack = Stack(self.stack.settings["ROSTRUM_BUILD"], folder, ephemeral=False)
                try:
                    stack.wait_ready()
                    times.append(time.monotonic() - begin)
                finally:
                    stack.end()
        return statistics.median(times[1:]) * 1000

    def reached(self, result):
        return result["figure"] < 3_000
