"""`python -m bench`: measure, print, write `bench/out/latest.json`.

Exit codes: 0 measured · 1 something asked for could not be measured, or with `--check` a target
was not reached · 2 usage.
"""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from types import FrameType
from typing import NoReturn

from bench import machine, report, table
from bench.product.policy import POLICY
from bench.results import Results
from bench.run import run, workspace
from bench.settings import BACKLOG_MESSAGES, CHOICES, PROCESS_SCENARIO, Settings
from bench.targets import Verdict, verdicts

_QUICK = Settings(rounds=1, seconds=1.0, warm_s=0.3, backlog_messages=BACKLOG_MESSAGES // 10)


def main(arguments: list[str]) -> int:
    """Run once; the exit code."""
    settings = parse(arguments)
    signal.signal(signal.SIGTERM, _end)
    with workspace() as work:
        about = machine.described(work)
        print("\n".join(about), flush=True)
        results = run(settings, work)
    judged = verdicts(results)
    show(results, judged)
    print(f"\nwritten  {report.write(results, judged, about)}")
    missed = settings.check and any(verdict.passed is not True for verdict in judged)
    return 1 if results.missing or missed else 0


def parse(arguments: list[str]) -> Settings:
    """The settings these arguments ask for; `--quick` first, the others on top of it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Gatepost in numbers.")
    parser.add_argument("--quick", action="store_true", help="one short round, small backlog")
    parser.add_argument("--only", action="append", choices=CHOICES, help="may be repeated")
    parser.add_argument("--in-flight", type=_numbers, help="comma-separated, e.g. 1,64")
    parser.add_argument("--seconds", type=float, help="length of one window")
    parser.add_argument("--rounds", type=int, help="windows per scenario and number in flight")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    asked = parser.parse_args(arguments)
    settings = _QUICK if asked.quick else Settings()
    chosen = {
        "only": tuple(asked.only) if asked.only else None,
        "in_flight": asked.in_flight,
        "seconds": asked.seconds,
        "rounds": asked.rounds,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    return replace(settings, check=asked.check, **given)


def show(results: Results, judged: list[Verdict]) -> None:
    """Print the tables."""
    print("\nPolicy of the Gatepost nodes under measurement (limits raised):\n")
    print(POLICY.strip())
    if results.windows:
        print("\nRound trip of a 2 KB text, medians over the rounds:\n")
        print(table.rivals(results))
    if any(name == PROCESS_SCENARIO for name, _ in results.windows):
        print("\nThe agent as a child process behind the `process` adapter:\n")
        print(table.behind_a_process(results))
    if failures := table.failures(results):
        print(f"\n{failures}")
    if facts := table.facts(results):
        print(f"\n{facts}")
    print(f"\n{table.targets(judged)}")
    for name, reason in results.missing.items():
        print(f"\nnot measured: {name}: {reason}")


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(","))
    if min(numbers) < 1:
        raise argparse.ArgumentTypeError("at least 1 in flight")
    return numbers


def _end(signum: int, frame: FrameType | None) -> NoReturn:
    """A request to end unwinds the run, so that every child is ended and every file removed."""
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
