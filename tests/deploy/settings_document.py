"""Holds deploy/SETTINGS.md to what the programs say of themselves.

usage: settings_document.py BUILD
"""

import json
import pathlib
import re
import subprocess
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "SETTINGS.md"
SERVICES = ["account", "subscription", "content", "feed", "comment"]
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.+?) \| (.+) \|$")


def documented():
    """Of each section its settings: name and default as they are written."""
    sections, rows = {}, None
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            rows = sections.setdefault(line[3:], {})
        elif match := ROW.match(line):
            assert match[1] not in rows, f"{match[1]} is listed twice"
            rows[match[1]] = match[2]
    return sections


def written(name, setting):
    """How the default of a program's setting is to stand there."""
    if setting["required"]:
        return "secret" if setting["secret"] else "required"
    default = setting["default"]
    if setting["name"] == "LISTEN" and name in SERVICES:
        default = "0.0.0.0:PORT"
    return f"`{default}`" if default else "empty"


def settings_of(build, name):
    folder = "gateway" if name == "gateway" else "services"
    output = subprocess.run([f"{build}/{folder}/rostrum-{name}", "settings"], env={}, check=True,
                            capture_output=True, text=True, timeout=30).stdout
    return {setting["name"]: written(name, setting) for setting in json.loads(output)}


def main():
    sections, faults = documented(), []
    for name in ["gateway"] + SERVICES:
        has = settings_of(sys.argv[1], name)
        shared = sections["Every program"] | (sections["Every service"] if name in SERVICES else {})
        stands = shared | sections[f"rostrum-{name}"]
        for setting in sorted(has.keys() | stands.keys()):
            if has.get(setting) != stands.get(setting):
                faults.append(f"{name}: {setting} is {has.get(setting)}, "
                              f"documented as {stands.get(setting)}")
    if faults:
        sys.exit(f"{DOCUMENT} is not what the programs say:\n" + "\n".join(faults))
    print("the settings are what the programs say")


if __name__ == "__main__":
    main()
