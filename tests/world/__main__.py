"""`python -m tests.world`: run worlds by seed; the last lines say what they came to.

A failing seed prints its one-line replay. Worlds run side by side in `--jobs` processes.
"""

import argparse
import sys
import time
from collections import Counter

from tests.world.options import draw
from tests.world.runs import run_worlds
from tests.world.world import Result, floors


def main() -> int:
    asked = _arguments()
    started = time.monotonic()
    results: list[Result] = []
    bad = 0
    seeds = range(asked.seed, asked.seed + asked.runs)
    for result in run_worlds(seeds, asked.set, asked.log, asked.jobs):
        results.append(result)
        if result.wrong:
            bad += 1
            _report(result, asked)
            if asked.stop:
                break
        elif asked.verbose:
            print(f"seed {result.seed}: {result.digest} {result.counts['accepted']} accepted")
    _summary(results, time.monotonic() - started)
    missing = floors(results) if asked.runs >= 20 and not bad and not asked.set else []
    for line in missing:
        print(f"not a test: {line}")
    print(f"worlds {len(results)} bad {bad}")
    return 1 if bad or missing else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.world")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--runs", type=int, default=1, help="how many seeds from there")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="fix options")
    parser.add_argument("--log", type=int, default=0, help="print so many lines of the event log")
    parser.add_argument("--stop", action="store_true", help="stop at the first failure")
    parser.add_argument("--verbose", action="store_true", help="a line for every world")
    parser.add_argument("--digest", action="store_true", help="print the event-log hash only")
    return parser.parse_args()


def _report(result: Result, asked: argparse.Namespace) -> None:
    print(f"seed {result.seed}: {len(result.wrong)} wrong")
    for wrong in result.wrong[:8]:
        print(f"  {wrong}")
    print(f"  options: {draw(result.seed).having(asked.set).text()}")
    more = f" --set {' '.join(asked.set)}" if asked.set else ""
    print(f"  replay: python -m tests.world --seed {result.seed}{more}", flush=True)


def _summary(results: list[Result], took: float) -> None:
    counts: Counter[str] = sum((result.counts for result in results), Counter())
    faults: Counter[str] = sum((result.faults for result in results), Counter())
    virtual = sum(result.seconds for result in results)
    print("  " + " ".join(f"{name}={counts[name]}" for name in sorted(counts)))
    print("  " + " ".join(f"{name}={faults[name]}" for name in sorted(faults)))
    events = sum(result.events for result in results)
    print(f"  {events} events, {virtual:.0f} s of virtual time in {took:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
