#!/usr/bin/python3
"""Measures Rostrum on this machine, each figure beside its limit.

A row's work and its reference take turns in the same run, so that what else the
machine does weighs on both; what counts is the ratio. A row also checks that the
work was done right: a figure of pages that were not whole, or not counted, is
no figure. For a row that fails the table has the reason, and the others go on.

  tests/load/bench.py BUILD [--only ROW...] [--rounds N] [--seconds N] [--json FILE]
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e")]

from article import Article  # noqa: E402
from comment import CreateComment  # noqa: E402
from feed import Feed  # noqa: E402
from footprint import Footprint  # noqa: E402
from front import Front  # noqa: E402
from local_stack import Stack  # noqa: E402
from login import LogIn, ReadsUnderFlood  # noqa: E402
from many import Many  # noqa: E402
from post import GetPost, PostAsJson  # noqa: E402
from ready import Ready  # noqa: E402
from streams import Streams  # noqa: E402

ROWS = {row.name: row for row in (Footprint, Ready, Article, Front, PostAsJson, GetPost, CreateComment,
                                Feed, LogIn, ReadsUnderFlood, Streams, Many)}


def measure(row, rounds):
    """The row's figures: of each round its own and its reference's."""
    pairs = []
    for _ in range(rounds if row.reference and not row.repeats else 1):
        pairs.append((row.work(), row.limit() if row.reference else None))
    row.check()
    return pairs


def summary(row, pairs):
    figure = statistics.median(pair[0] for pair in pairs)
    result = {"row": row.name, "what": row.what, "unit": row.unit, "figure": figure,
              "parts": row.parts, "reach": row.reach, "rounds": pairs}
    if row.reference:
        # A machine that stood still all the time has no figure.
        ratios = sorted(pair[0] / pair[1] if pair[1] else 0 for pair in pairs)
        result.update(reference=row.reference,
                      reference_figure=statistics.median(pair[1] for pair in pairs),
                      ratio=statistics.median(ratios), ratios=ratios)
    result["reached"] = row.reached(result)
    return result


def result_of(kind, stack, arguments):
    """Of a row that fails, why: the other rows are worth having all the same."""
    print(f"measuring: {kind.what}", file=sys.stderr, flush=True)
    try:
        with kind(stack, arguments.seconds, arguments.small) as row:
            return summary(row, measure(row, arguments.rounds))
    except Exception as error:
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return {"row": kind.name, "what": kind.what, "failed": reason}


def print_table(results):
    print(f"\n{'work':58} {'figure':>14} {'reference':>14} {'ratio (spread)':>20}  reach")
    for result in results:
        if "failed" in result:
            print(f"{result['what']:58} FAILED: {result['failed']}")
            continue
        figure = f"{result['figure']:,.0f} {result['unit']}"
        reference = ratio = ""
        if "ratio" in result:
            reference = f"{result['reference_figure']:,.0f} {result['unit']}"
            ratio = f"{result['ratio']:.0%} ({result['ratios'][0]:.0%}-{result['ratios'][-1]:.0%})"
        mark = "" if result["reached"] else "  MISSED"
        print(f"{result['what']:58} {figure:>14} {reference:>14} {ratio:>20}  {result['reach']}{mark}")
        for name, part in result["parts"].items():
            print(f"  {name}: {part:,.0f} {result['unit']}")
        if "reference" in result:
            print(f"  beside: {result['reference']}")


def tell(results, path):
    """Prints the table and writes the same as JSON; the exit status of it all."""
    print_table(results)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n")
    failed = [result["row"] for result in results if "failed" in result]
    if failed:
        print(f"not done right, so without a figure: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--small", action="store_true", help="tiny data: does the benchmark work?")
    parser.add_argument("--json", type=pathlib.Path, default="tests/output/bench.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rostrum-bench.") as folder:
        pathlib.Path(folder).chmod(0o755)
        stack = Stack(arguments.build, folder, "--durable", "--env-file", HERE / "bench.env", demo=True)
        try:
            stack.wait_ready()
            # In this order, whatever theirs: memory is measured before it has been used.
            return tell([result_of(kind, stack, arguments) for name, kind in ROWS.items()
                         if name in arguments.only], arguments.json)
        finally:
            stack.end()


if __name__ == "__main__":
    sys.exit(main())
