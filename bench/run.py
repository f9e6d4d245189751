"""One run of the bench: everything started, rounds interleaved, everything ended.

All scenarios stand at the same time and are asked in turn: in each round, for each number in
flight, every scenario gets one window (the product and the floor, which it is judged by, get two),
so that a slow minute of the machine hits all of them. A scenario that cannot start or dies is named
with its reason, and the others go on.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import deciding
from bench.child import ChildFailed
from bench.machine import work_directory
from bench.product import at_rest, backlog, pair
from bench.results import Results
from bench.rivals import a2a, bridge, floor
from bench.settings import PROCESS_SCENARIO, Settings
from bench.stage import Rival, Stage

_SCENARIOS: dict[str, Rival] = {
    "floor": floor.floor,
    "gatepost": pair.echo_inside,
    PROCESS_SCENARIO: pair.echo_behind_a_process,
    "bridge": bridge.bridge,
    "a2a-sdk": a2a.in_memory,
    "a2a-sdk-sqlite": a2a.in_sqlite,
}
_ONCE_MORE = ("floor", "gatepost")


@contextmanager
def workspace() -> Generator[Path, None, None]:
    """A directory on disk that is gone afterwards."""
    work = work_directory()
    try:
        yield work
    finally:
        shutil.rmtree(work)


def run(settings: Settings, work: Path) -> Results:
    """Measure what `settings` ask for."""
    results = Results()
    if settings.wants("facts"):
        say("nodes at rest")
        with _noting(results, "facts"):
            results.facts = at_rest.measure(_room(work, "facts"))
    if settings.wants("policy"):
        say("deciding by many rules")
        results.law = deciding.measure()
    with ExitStack() as standing:
        stages = _set_up(settings, work, results, standing)
        for number in range(1, settings.rounds + 1):
            for in_flight in settings.in_flight:
                say(f"round {number} of {settings.rounds}, {in_flight} in flight")
                _one_round(settings, stages, in_flight, results)
    if settings.wants("backlog"):
        say(f"backlog of {settings.backlog_messages:,} messages")
        with _noting(results, "backlog"):
            results.backlog = backlog.measure(_room(work, "backlog"), settings.backlog_messages)
    return results


def say(what: str) -> None:
    """Progress, apart from the tables."""
    print(f"bench: {what}", file=sys.stderr, flush=True)


def _set_up(
    settings: Settings, work: Path, results: Results, standing: ExitStack
) -> dict[str, Stage]:
    stages: dict[str, Stage] = {}
    for name, rival in _SCENARIOS.items():
        if not settings.wants(name):
            continue
        say(f"starting {name}")
        with _noting(results, name):
            room = _room(work, name)
            stage = Stage(name, standing.enter_context(rival(room)), room)
            standing.callback(stage.close)
            stages[name] = stage
    return stages


def _one_round(
    settings: Settings, stages: dict[str, Stage], in_flight: int, results: Results
) -> None:
    """Every scenario once; then once more the two whose ratio matters most, side by side."""
    for name in (*stages, *(name for name in _ONCE_MORE if name in stages)):
        if name in results.missing:
            continue
        with _noting(results, name):
            reading = stages[name].measure(in_flight, settings.warm_s, settings.seconds)
            results.add(name, in_flight, reading)


@contextmanager
def _noting(results: Results, name: str) -> Generator[None, None, None]:
    """Turn the end of a scenario into a noted reason; everything else stays an error."""
    try:
        yield
    except ChildFailed as failure:
        results.missing[name] = str(failure)
        say(f"{name} not measured: {failure}")


def _room(work: Path, name: str) -> Path:
    room = work / name
    room.mkdir()
    return room
