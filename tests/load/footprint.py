"""What the whole costs while nobody is there."""

import re

from local_stack import SERVICES
from row import Row


def proportional_kib(pid):
    """Resident memory, what is shared with others divided by their number."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1))


class Footprint(Row):
    name = "footprint"
    what = "five services and the gateway, idle, resident"
    unit = "MiB"
    reach = "< 150 MiB"

    def work(self):
        return sum(proportional_kib(self.stack.pid(name)) for name in [*SERVICES, "gateway"]) / 1024

    def reached(self, result):
        return result["figure"] < 150
