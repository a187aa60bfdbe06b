"""Holds the table of metrics in deploy/OBSERVABILITY.md to what the binaries say.

usage: metrics_table.py BUILD        (ROSTRUM_UPDATE_GOLDEN=1 writes it anew)
"""

import json
import os
import pathlib
import subprocess
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "OBSERVABILITY.md"
BEGIN, END = "<!-- metrics: begin -->\n", "<!-- metrics: end -->\n"
BINARIES = ["gateway", "account", "subscription", "content", "feed", "comment"]


def declared_by(build, name):
    folder = "gateway" if name == "gateway" else "services"
    output = subprocess.run([f"{build}/{folder}/rostrum-{name}", "metrics"], env={}, check=True,
                            capture_output=True, text=True, timeout=30).stdout
    return json.loads(output)


def whose(names):
    if names == BINARIES:
        return "all"
    return "all services" if names == BINARIES[1:] else ", ".join(names)


def table(build):
    families, exported_by = {}, {}
    for name in BINARIES:
        for family in declared_by(build, name):
            known = families.setdefault(family["name"], family)
            assert known == family, f"{name} declares {family['name']} otherwise than others"
            exported_by.setdefault(family["name"], []).append(name)
    rows = ["| metric | type | labels | what it says | who |\n", "|---|---|---|---|---|\n"]
    for name, family in sorted(families.items()):
        labels = ", ".join(f"`{label}`" for label in family["labels"])
        rows.append(f"| `{name}` | {family['type']} | {labels} | {family['help'].rstrip('.')} | "
                    f"{whose(exported_by[name])} |\n")
    return "".join(rows)


def main():
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    stands, after = rest.split(END)
    wanted = table(sys.argv[1])
    if os.environ.get("ROSTRUM_UPDATE_GOLDEN"):
        DOCUMENT.write_text(before + BEGIN + wanted + END + after, encoding="utf-8")
    elif stands != wanted:
        sys.exit(f"{DOCUMENT} is not what the binaries say; make golden writes it anew:\n{wanted}")
    print("the table of metrics is what the binaries say")


if __name__ == "__main__":
    main()
