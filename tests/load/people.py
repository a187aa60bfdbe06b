"""Readers with accounts."""

import pathlib
import sys

from client import Browser

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
from world import PASSWORD, create_account  # noqa: E402


class Person:
    def __init__(self, stack, name):
        self.email = f"{name}@bench.example"
        self.account_id = create_account(stack.settings, self.email, name.capitalize())
        self.url = stack.settings["ROSTRUM_URL"]
        answer = self.log_in()
        assert answer.status == 200, answer

    def log_in(self):
        self.browser = Browser(self.url)
        return self.browser.post("/v1/sessions", {"email": self.email, "password": PASSWORD})

    @property
    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())


def lua_list(texts):
    return "{" + ",".join('"' + text.replace('"', '\\"') + '"' for text in texts) + "}"
